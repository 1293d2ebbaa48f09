"""The special tokens of a word vocabulary and where they stand around one text or two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tokenizers import AddedToken  # type: ignore[import-untyped]

from ..errors import Errors
from .backend import Backend

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
        # The flags that a vocabulary has stored go before the usual ones.
        token = known.get(token, token) if isinstance(token, str) else token
        flagged.setdefault(str(token), as_added(token, lstrip=name == "mask_token"))
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


def as_added(token: str | AddedToken, *, lstrip: bool = False) -> AddedToken:
    """A special token with its flags; one that already has flags keeps them.

    token (str | AddedToken): The token.
    lstrip (bool): Whether it eats the white space on its left, if `token` doesn't say so itself.
    RETURNS (AddedToken): A new, special token.
    """
    if isinstance(token, AddedToken):
        return AddedToken(
            token.content,
            single_word=token.single_word,
            lstrip=token.lstrip,
            rstrip=token.rstrip,
            normalized=token.normalized,
            special=True,
        )
    return AddedToken(token, lstrip=lstrip, normalized=False, special=True)
