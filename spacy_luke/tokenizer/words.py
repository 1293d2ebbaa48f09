"""The word side of a tokenizer: its vocabulary, its special tokens, and the ids of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from tokenizers import AddedToken  # type: ignore[import-untyped]

from ..errors import Errors
from .backend import Backend
from .special import NAMES, NamedId, NamedToken, SpecialTokens, Template, as_special, register

Token: TypeAlias = "str | AddedToken"


class WordVocab:
    """A word vocabulary with its special tokens.

    backend (Backend): What encodes text.
    special (SpecialTokens): The special tokens, all in the backend's vocabulary.
    template (Template): The special tokens around texts.
    """

    def __init__(self, backend: Backend, special: SpecialTokens, template: Template) -> None:
        self.backend = backend
        self.special = special
        self.template = template

    @property
    def vocab_size(self) -> int:
        """RETURNS (int): Size of the word vocabulary without added tokens; `len(tokenizer)` counts them."""
        return self.backend.vocab_size

    def __len__(self) -> int:
        return self.backend.size

    def get_vocab(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Ids of all tokens, the added ones included."""
        return self.backend.vocab()

    def encode_words(self, words: Sequence[str], spaces: Sequence[bool]) -> list[tuple[int, ...]]:
        """Ids of words that are cut already, such as the tokens of a spaCy `Doc`.

        Special tokens in a word are plain text. Different words are encoded once, all in one call, and
        remembered up to a bound.

        words (Sequence[str]): The words.
        spaces (Sequence[bool]): Whether a U+0020 stands before each word in the text. Byte-level vocabularies
            spell it as part of the word, others ignore it.
        RETURNS (list[tuple[int, ...]]): One for each word, empty for a word that the tokenizer drops.
        """
        if len(words) != len(spaces):
            raise ValueError(Errors.L111.format(n_words=len(words), n_spaces=len(spaces)))
        return self.backend.encode_words(words, spaces)

    # --- special tokens ------------------------------------------------------------------

    cls_token = NamedToken[str]()  # starts each input
    sep_token = NamedToken[str]()  # ends each text
    pad_token = NamedToken[str]()  # fills up batches
    unk_token = NamedToken[str | None]()  # stands for unknown pieces
    mask_token = NamedToken[str | None]()  # hides a word
    bos_token = NamedToken[str | None]()  # began each text in pretraining
    eos_token = NamedToken[str | None]()  # ended each text in pretraining
    cls_token_id = NamedId[int]()
    sep_token_id = NamedId[int]()
    pad_token_id = NamedId[int]()
    unk_token_id = NamedId[int | None]()
    mask_token_id = NamedId[int | None]()
    bos_token_id = NamedId[int | None]()
    eos_token_id = NamedId[int | None]()

    @property
    def additional_special_tokens(self) -> list[str]:
        """RETURNS (list[str]): Special tokens without a name of their own; the first two mark entities."""
        return list(self.special.additional)

    @additional_special_tokens.setter
    def additional_special_tokens(self, tokens: Sequence[Token]) -> None:
        """tokens (Sequence[str | AddedToken]): Others, which are added to the vocabulary if they aren't there."""
        before, self.special.additional = self.special.additional, []
        try:
            self.add_special_tokens({"additional_special_tokens": tokens})
        except Exception:
            self.special.additional = before
            raise

    @property
    def additional_special_tokens_ids(self) -> list[int]:
        """RETURNS (list[int]): Their ids."""
        return [self.backend.added_ids[token] for token in self.special.additional]

    @additional_special_tokens_ids.setter
    def additional_special_tokens_ids(self, ids: Sequence[int]) -> None:
        """ids (Sequence[int]): Ids of others."""
        tokens = {int(id_): self.backend.id_to_token(int(id_)) for id_ in ids}
        if missing := [id_ for id_, token in tokens.items() if token is None]:
            name = "additional_special_tokens_ids"
            raise ValueError(Errors.L146.format(name=name, id=missing, n=len(self)))
        self.additional_special_tokens = [str(token) for token in tokens.values()]

    @property
    def num_special_tokens(self) -> int:
        """RETURNS (int): How many special tokens stand around a single text."""
        return self.template.size()

    def add_special_tokens(
        self, special_tokens_dict: Mapping[str, Any], replace_additional_special_tokens: bool = True
    ) -> int:
        """Name special tokens, and add those that the vocabulary lacks.

        special_tokens_dict (Mapping[str, str | AddedToken | Sequence[str | AddedToken]]): Tokens by name, such as
            "mask_token"; a list of them under "additional_special_tokens".
        replace_additional_special_tokens (bool): Whether that list takes the place of the present one, the entity
            markers included: the first two mark entities.
        RETURNS (int): How many tokens the vocabulary lacked.
        RAISES (ValueError): If there is no such name.
        """
        before = len(self)
        unknown = sorted(set(special_tokens_dict) - {*NAMES, "additional_special_tokens"})
        if unknown:
            allowed = ", ".join([*NAMES, "additional_special_tokens"])
            raise ValueError(Errors.L142.format(names=", ".join(unknown), allowed=allowed))
        values = special_tokens_dict.values()
        given = [[value] if isinstance(value, (str, AddedToken)) else value for value in values]
        self.backend.add(as_special(token) for tokens in given for token in tokens)
        named = dict(special_tokens_dict)
        additional = named.pop("additional_special_tokens", ())
        pattern = self.template.pattern()
        self.special.names.update({name: str(token) for name, token in named.items()})
        if additional:
            kept = [] if replace_additional_special_tokens else self.special.additional
            self.special.additional = list(dict.fromkeys([*kept, *map(str, additional)]))
        if pattern is not None:
            self.template = Template.from_pattern(pattern, self.cls_token_id, self.sep_token_id)
        return len(self) - before


def make_words(
    backend: Backend,
    named: Mapping[str, Token],
    additional: Sequence[Token],
    template: Template | str = "cls_double_sep",
) -> WordVocab:
    """Give a vocabulary its special tokens.

    backend (Backend): The vocabulary; it changes.
    named (Mapping[str, str | AddedToken]): Special tokens by name.
    additional (Sequence[str | AddedToken]): Those without a name.
    template (Template | str): Where they stand around texts, or the name of a usual template.
    RETURNS (WordVocab): The vocabulary with its special tokens.
    """
    special = register(backend, named, additional)
    if not isinstance(template, Template):
        ids = [backend.added_ids[special.names[name]] for name in ("cls_token", "sep_token")]
        template = Template.from_pattern(template, *ids)
    return WordVocab(backend, special, template)
