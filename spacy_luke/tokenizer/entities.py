"""The entity vocabulary: titles to ids, and the four special entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import Errors
from .title_index import TitleIndex


class EntityVocab(TitleIndex):
    """A read-only mapping from entity titles to ids that knows its special entities.

    titles (Mapping[str, int] | Sequence): The vocabulary: `{title: id}`; or a list of titles, whose ids are
        their places in it; or mLUKE's list `[{"id": 7, "entities": [["Tokyo", "en"], ["Tokio", "de"]]}]`,
        where several titles share an id and read "en:Tokyo"; or an index of titles, as it is.
    source (str): Where the vocabulary comes from, for error messages.
    unk_token (str): The entity that stands for unknown titles.
    pad_token (str): The entity that fills up batches.
    mask_token (str): The entity that asks what the text says about a mention.
    mask2_token (str): The same for the second mention of a pair.
    """

    def __init__(
        self,
        titles: Mapping[str, int] | Sequence[Any],
        source: str = "entity_vocab",
        *,
        unk_token: str = "[UNK]",
        pad_token: str = "[PAD]",
        mask_token: str = "[MASK]",
        mask2_token: str = "[MASK2]",
    ) -> None:
        super().__init__(index_titles(titles, source).buffer)
        self.unk_token, self.pad_token = unk_token, pad_token
        self.mask_token, self.mask2_token = mask_token, mask2_token
        missing = [token for token in self.special_tokens.values() if token not in self]
        if missing:
            raise ValueError(Errors.L103.format(missing=", ".join(missing), source=source))
        self.unk_id, self.pad_id = self[unk_token], self[pad_token]
        self.mask_id, self.mask2_id = self[mask_token], self[mask2_token]

    @property
    def special_tokens(self) -> dict[str, str]:
        """RETURNS (dict[str, str]): The special entities by the names of the tokenizer's arguments."""
        return {
            "entity_unk_token": self.unk_token,
            "entity_pad_token": self.pad_token,
            "entity_mask_token": self.mask_token,
            "entity_mask2_token": self.mask2_token,
        }

    def lookup(self, titles: Sequence[str]) -> list[int]:
        """Ids of titles, that of `unk_token` for those that aren't in the vocabulary.

        titles (Sequence[str]): Entity titles.
        RETURNS (list[int]): As many ids.
        """
        return [self.get(title, self.unk_id) for title in titles]

    def __reduce__(self) -> tuple[Any, ...]:
        index, arguments = super().__reduce__()
        tokens = {name.removeprefix("entity_"): token for name, token in self.special_tokens.items()}
        return partial(EntityVocab, **tokens), (index(*arguments),)

    def __repr__(self) -> str:
        return f"EntityVocab({len(self)} titles)"


def index_titles(
    titles: Mapping[str, int] | Sequence[Any], source: str, extra: Mapping[str, Any] | None = None
) -> TitleIndex:
    """Bring the forms in which entity vocabularies are published into one.

    titles (Mapping[str, int] | Sequence): See `EntityVocab`.
    source (str): Where they come from, for error messages.
    extra (Mapping[str, Any] | None): JSON data to keep with the index.
    RETURNS (TitleIndex): The index.
    """
    if isinstance(titles, TitleIndex):
        return titles
    if isinstance(titles, Mapping):
        ids = dict(titles)
    elif isinstance(titles, (list, tuple)) and all(isinstance(entry, str) for entry in titles):
        ids = {title: i for i, title in enumerate(titles)}
    elif isinstance(titles, (list, tuple)) and all(_is_mluke_entry(entry) for entry in titles):
        ids = {}
        for entry in titles:
            for title, language in entry["entities"]:
                special = title.startswith("[") and title.endswith("]")
                ids[title if special else f"{language}:{title}"] = entry["id"]
    else:
        raise ValueError(Errors.L104.format(source=source, found=type(titles).__name__))
    wrong = next((item for item in ids.items() if not _is_id(item)), None)
    if wrong is not None:
        raise ValueError(Errors.L105.format(source=source, title=wrong[0], id=wrong[1]))
    return TitleIndex.from_dict(ids, extra)


def _is_mluke_entry(entry: Any) -> bool:
    return isinstance(entry, Mapping) and "id" in entry and "entities" in entry


def _is_id(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and type(item[1]) is int and 0 <= item[1] < 1 << 63
