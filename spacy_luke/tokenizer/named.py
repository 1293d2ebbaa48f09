"""The named special tokens of a tokenizer as attributes: `cls_token`, `cls_token_id` and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from tokenizers import AddedToken  # type: ignore[import-untyped]

from ..errors import Errors
from .special import REQUIRED

if TYPE_CHECKING:
    from .published.vocabulary import WordVocab

TokenT = TypeVar("TokenT", bound="str | None")
IdT = TypeVar("IdT", bound="int | None")


class NamedToken(Generic[TokenT]):
    """A special token. Setting it names another one and adds that to the vocabulary if it isn't there; None leaves the
    tokenizer without one."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, tokenizer: WordVocab, owner: type | None = None) -> TokenT:
        return cast(TokenT, tokenizer.special.names.get(self.name))

    def __set__(self, tokenizer: WordVocab, token: TokenT | AddedToken) -> None:
        if token is not None:
            tokenizer.add_special_tokens({self.name: token})
        elif self.name in REQUIRED:
            raise ValueError(Errors.L145.format(name=self.name))
        else:
            tokenizer.special.names.pop(self.name, None)


class NamedId(Generic[IdT]):
    """The id of a special token. Setting it names the token that has the id."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.token = name.removesuffix("_id")

    def __get__(self, tokenizer: WordVocab, owner: type | None = None) -> IdT:
        token = getattr(tokenizer, self.token)
        return cast(IdT, None if token is None else tokenizer.backend.added_ids[token])

    def __set__(self, tokenizer: WordVocab, id_: IdT) -> None:
        token = None if id_ is None else tokenizer.convert_ids_to_tokens(id_)
        if id_ is not None and token is None:
            raise ValueError(Errors.L146.format(name=f"{self.token}_id", id=id_, n=len(tokenizer)))
        setattr(tokenizer, self.token, token)
