"""The special tokens of a word vocabulary: their names, where they stand around texts, and both as attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from tokenizers import AddedToken  # type: ignore[import-untyped]

from ..errors import Errors
from .backend import Backend, token_flags

if TYPE_CHECKING:
    from .words import WordVocab

NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")

# What the models that LUKE starts from call their special tokens, best known first.
USUAL = {
    "cls_token": ("[CLS]", "<s>", "<cls>"),
    "sep_token": ("[SEP]", "</s>", "<sep>"),
    "pad_token": ("[PAD]", "<pad>"),
    "unk_token": ("[UNK]", "<unk>"),
    "mask_token": ("[MASK]", "<mask>"),
}
REQUIRED = ("cls_token", "sep_token", "pad_token")

# How many separators stand between two texts, by the names that transformers 5 gives to the two usual templates.
PATTERNS = {"cls_sep": 1, "cls_double_sep": 2}

T = TypeVar("T")
TokenT = TypeVar("TokenT", bound="str | None")
IdT = TypeVar("IdT", bound="int | None")


@dataclass
class SpecialTokens:
    """The named special tokens.

    names (dict[str, str]): Token by name, e.g. `{"cls_token": "<s>"}`, without names that it lacks.
    additional (list[str]): Further special tokens. The first two mark entities in the tasks that mark them.
    """

    names: dict[str, str]
    additional: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        """RETURNS (list[str]): Every special token once, named ones first."""
        named = [self.names[name] for name in NAMES if name in self.names]
        return list(dict.fromkeys([*named, *self.additional]))


def register(
    backend: Backend, named: Mapping[str, str | AddedToken], additional: Iterable[str | AddedToken]
) -> SpecialTokens:
    """Make tokens special tokens of a vocabulary, adding those that it lacks.

    backend (Backend): The vocabulary; it changes.
    named (Mapping[str, str | AddedToken]): Tokens by name.
    additional (Iterable[str | AddedToken]): Tokens without a name.
    RETURNS (SpecialTokens): The special tokens.
    """
    known = {token.content: token for token in backend.added.values()}
    flagged: dict[str, AddedToken] = {}
    additional = list(additional)
    for name, token in [*named.items(), *(("", token) for token in additional)]:
        if not isinstance(token, (str, AddedToken)) or not str(token):
            name, allowed = name or "additional_special_tokens", "a string that isn't empty"
            raise ValueError(Errors.L102.format(name=name, value=token, allowed=allowed))
        # The flags that a vocabulary has stored go before the usual ones.
        token = known.get(token, token) if isinstance(token, str) else token
        flagged.setdefault(str(token), as_special(token, lstrip=name == "mask_token"))
    backend.add(flagged.values())
    names = {name: str(token) for name, token in named.items()}
    return SpecialTokens(names, list(dict.fromkeys(map(str, additional))))


def find_special(backend: Backend, given: dict[str, Any]) -> dict[str, str | AddedToken]:
    """Find the special tokens of a vocabulary by their usual names.

    backend (Backend): The vocabulary.
    given (dict[str, Any]): Tokens that somebody names; they are taken out of this dict.
    RETURNS (dict[str, str | AddedToken]): Tokens by name.
    """
    found = {name: given.pop(name) for name in NAMES if given.get(name) is not None}
    for name, usual in USUAL.items():
        token = next((token for token in usual if backend.token_to_id(token) is not None), None)
        if name not in found and token is not None:
            found[name] = token
        if name in REQUIRED and name not in found:
            raise ValueError(Errors.L110.format(name=name, usual=", ".join(usual)))
    return found


def as_special(token: str | AddedToken, *, lstrip: bool = False) -> AddedToken:
    """A special token with its flags; one that already has flags keeps them.

    token (str | AddedToken): The token.
    lstrip (bool): Whether it eats the white space on its left, if `token` doesn't say so itself.
    RETURNS (AddedToken): A new, special token.
    """
    if isinstance(token, str):
        return AddedToken(token, lstrip=lstrip, normalized=False, special=True)
    return AddedToken(**{**token_flags(token), "special": True})


# --- around texts --------------------------------------------------------------------------


@dataclass(frozen=True)
class Template:
    """The ids around one text, `prefix A suffix`, and around two, `prefix A middle B suffix`.

    prefix (tuple[int, ...]): Ids before the first text.
    middle (tuple[int, ...]): Ids between two texts.
    suffix (tuple[int, ...]): Ids after the last text.
    """

    prefix: tuple[int, ...] = ()
    middle: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()

    @classmethod
    def from_pattern(cls, pattern: str, cls_id: int, sep_id: int) -> Template:
        """The two usual templates by name.

        pattern (str): "cls_sep", BERT's, or "cls_double_sep", RoBERTa's.
        cls_id (int): The id of the token that starts each input.
        sep_id (int): The id of the token that ends each text.
        RETURNS (Template): The template.
        """
        if not isinstance(pattern, str) or pattern not in PATTERNS:
            allowed = " or ".join(map(repr, PATTERNS))
            raise ValueError(
                Errors.L102.format(name="special_tokens_pattern", value=pattern, allowed=allowed)
            )
        return cls((cls_id,), (sep_id,) * PATTERNS[pattern], (sep_id,))

    def pattern(self) -> str | None:
        """RETURNS (str | None): The name of the template, if it is a usual one."""
        for name in PATTERNS if self.prefix and self.suffix else ():
            if self == Template.from_pattern(name, self.prefix[0], self.suffix[-1]):
                return name
        return None

    def around(
        self, first: Sequence[T], second: Sequence[T] | None = None, special: T | None = None
    ) -> list[T]:
        """Put special tokens around texts.

        first (Sequence): The ids of a text, or something else that it has for each token.
        second (Sequence | None): The same of the text after it.
        special (Any | None): What each special token has; None for its id.
        RETURNS (list): Ids, or that, of all tokens.
        """
        parts: Any = self.prefix, self.middle, self.suffix
        if special is not None:
            parts = [[special] * len(part) for part in parts]
        prefix, middle, suffix = parts
        return [*prefix, *first, *(() if second is None else (*middle, *second)), *suffix]

    def size(self, pair: bool = False) -> int:
        """RETURNS (int): How many special tokens surround one text, or two."""
        return len(self.prefix) + (len(self.middle) if pair else 0) + len(self.suffix)


# --- as attributes -------------------------------------------------------------------------


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
        token = None if id_ is None else tokenizer.backend.id_to_token(id_)
        if id_ is not None and token is None:
            raise ValueError(Errors.L146.format(name=f"{self.token}_id", id=id_, n=len(tokenizer)))
        setattr(tokenizer, self.token, token)
