"""What the pipes need of a tokenizer: ids of words, texts and entities, and storage."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, TypeVar

from ..errors import Errors
from ..files import replacing
from ..nn.hub import refuse_unknown
from ..types import PathOrStr
from .entities import EntityVocab
from .folder import save_settings, save_vocabularies
from .options import MARKERS, Options
from .sentencepiece_backend import SentencePieceBackend
from .spans import CharSpan, EncodedText, cut_text, find_spans
from .special import SpecialTokens, Template
from .title_index import TitleIndex
from .tokenizers_backend import TokenizersBackend
from .words import WordVocab

TokenizerT = TypeVar("TokenizerT", bound="BaseTokenizer")


class BaseTokenizer(WordVocab):
    """A word vocabulary and an entity vocabulary with their settings. `LukeTokenizer` is one that makes model inputs.

    words (WordVocab): The word vocabulary.
    entity_vocab (EntityVocab): The entity vocabulary.
    options (Options): The settings.
    """

    task: str | None
    max_entity_length: int
    max_mention_length: int
    errors: str
    add_prefix_space: bool
    padding_side: str
    truncation_side: str
    model_max_length: int | None
    clean_up_tokenization_spaces: bool
    split_special_tokens: bool

    def __init__(self, words: WordVocab, entity_vocab: EntityVocab, options: Options) -> None:
        super().__init__(words.backend, words.special, words.template)
        self.entity_vocab = entity_vocab
        vars(self).update(asdict(options))

    @property
    def options(self) -> Options:
        """RETURNS (Options): The settings as they are now."""
        return Options(**{field.name: getattr(self, field.name) for field in fields(Options)})

    # --- entities ------------------------------------------------------------------------

    @property
    def entity_mask_id(self) -> int:
        """RETURNS (int): The id of the entity that asks what the text says about a mention."""
        return self.entity_vocab.mask_id

    @property
    def entity_mask2_id(self) -> int:
        """RETURNS (int): The same for the second mention of a pair."""
        return self.entity_vocab.mask2_id

    @property
    def entity_unk_id(self) -> int:
        """RETURNS (int): The id of unknown entities."""
        return self.entity_vocab.unk_id

    @property
    def entity_pad_id(self) -> int:
        """RETURNS (int): The entity id that fills up batches."""
        return self.entity_vocab.pad_id

    def with_entities(self: TokenizerT, entity_vocab: EntityVocab) -> TokenizerT:
        """A copy with other entities.

        entity_vocab (EntityVocab): The entities.
        RETURNS (BaseTokenizer): The copy, of the same class.
        """
        copied = copy.copy(self)
        copied.entity_vocab = entity_vocab
        return copied

    # --- texts ---------------------------------------------------------------------------

    @staticmethod
    def num_markers(task: str | None) -> int:
        """task (str | None): A task. RETURNS (int): How many markers it puts into a text: two around an entity."""
        return 2 * MARKERS.get(task or "", 0)

    def encode_texts(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[CharSpan] | None],
        *,
        task: str | None = None,
        add_prefix_space: bool | None = None,
        split_special_tokens: bool | None = None,
        with_offsets: bool = False,
    ) -> list[EncodedText]:
        """Encode texts, cut at the spans of their entities, all in one call of the library.

        texts (Sequence[str]): The texts.
        spans (Sequence[Sequence[tuple[int, int]] | None]): Character offsets of the entities of each; None for a text
            without any.
        task (str | None): What they are prepared for. "entity_classification" puts markers around the one entity of
            each text, "entity_pair_classification" around head and tail; others put none.
        add_prefix_space (bool | None): Whether each part of a text starts with a space; None for the setting.
        split_special_tokens (bool | None): Whether special tokens in texts are plain text; None for the setting.
        with_offsets (bool): Whether to tell which characters each word piece stands for.
        RETURNS (list[EncodedText]): The word pieces of each text, where its entities are among them, their markers
            included, and the ids of these entities: [MASK], or [MASK2] for a tail.
        RAISES (ValueError): If the tokenizer has fewer markers than the task needs.
        """
        n_marked, markers = MARKERS.get(task or "", 0), self.additional_special_tokens_ids
        if len(markers) < n_marked:
            raise ValueError(Errors.L147.format(task=task, needed=n_marked, found=len(markers)))
        masks = [self.entity_mask_id, self.entity_mask2_id][:n_marked]
        prefix = self.add_prefix_space if add_prefix_space is None else add_prefix_space
        split = self.split_special_tokens if split_special_tokens is None else split_special_tokens
        cuts = [cut_text(text, own or ()) for text, own in zip(texts, spans, strict=True)]
        parts = [part for own, _ in cuts for part in own]
        ids, lengths, offsets = self._encode_parts(parts, prefix, split, with_offsets)
        encoded = []
        at = at_id = 0
        for (own, before), places in zip(cuts, spans, strict=True):
            counts = lengths[at : at + len(own)]
            end = at_id + sum(counts)
            text = EncodedText(ids[at_id:end], find_spans(counts, before, places) if places else [])
            if offsets is not None:
                text.offsets = _in_text(own, offsets[at : at + len(own)])
            if places is not None:
                text.entity_ids = masks or [self.entity_mask_id] * len(places)
                if masks:
                    text.mark(markers)
            encoded.append(text)
            at, at_id = at + len(own), end
        return encoded

    def _encode_parts(
        self, parts: Sequence[str], add_prefix_space: bool, split_special_tokens: bool, with_offsets: bool
    ) -> tuple[list[int], list[int], list[list[CharSpan]] | None]:
        """The ids of parts of texts, one part after the other, how many each has, and, if wanted, their characters in
        the part."""
        added = [add_prefix_space and part != "" and not part[0].isspace() for part in parts]
        texts = [f" {part}" if space else part for part, space in zip(parts, added, strict=True)]
        if not with_offsets:
            return *self.backend.encode(texts, parse_added=not split_special_tokens), None
        encoded = self.backend.encode_with_offsets(texts, parse_added=not split_special_tokens)
        offsets = [
            [(max(start - space, 0), max(end - space, 0)) for start, end in found]
            for (_, found), space in zip(encoded, added, strict=True)
        ]
        ids = list(chain.from_iterable(ids for ids, _ in encoded))
        return ids, [len(found) for found in offsets], offsets

    # --- storage -------------------------------------------------------------------------

    def save_pretrained(
        self,
        save_directory: PathOrStr,
        legacy_format: bool | None = None,
        filename_prefix: str | None = None,
        **options: Any,
    ) -> tuple[str, ...]:
        """Save in a folder that `from_pretrained` loads, also that of transformers.

        save_directory (str | PathLike): The folder; made if it isn't there.
        legacy_format (bool | None): Ignored: what is written, both loaders of transformers read.
        filename_prefix (str | None): What the files' names start with, followed by a hyphen. `from_pretrained` reads
            files without one.
        options (Any): Arguments of transformers that mean nothing here, such as `token`.
        RETURNS (tuple[str, ...]): The files.
        RAISES (TypeError): If an option is unknown. (ValueError): If one asks for what isn't possible.
        """
        refuse_unknown(options)
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        with replacing(save_directory) as folder:
            paths = save_settings(folder, self, self.entity_vocab, self.options, prefix)
            paths += save_vocabularies(folder, self.backend, self.entity_vocab, prefix)
        return tuple(str(Path(save_directory) / path.name) for path in paths)

    def save_vocabulary(
        self, save_directory: PathOrStr, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Save the vocabularies alone.

        save_directory (str | PathLike): The folder; made if it isn't there.
        filename_prefix (str | None): What the files' names start with, followed by a hyphen.
        RETURNS (tuple[str, ...]): The files: `vocab.json`, `merges.txt` and `entity_vocab.json`; a tokenizer
            made from a `tokenizer.json` or a `sentencepiece.bpe.model` writes that instead of the first two.
        """
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        with replacing(save_directory) as folder:
            paths = save_vocabularies(folder, self.backend, self.entity_vocab, prefix)
        return tuple(str(Path(save_directory) / path.name) for path in paths)

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): Everything that `from_bytes` needs; no file is read again."""
        state = {
            "backend": self.backend.to_state(),
            "special": asdict(self.special),
            "template": asdict(self.template),
            "entities": self.entity_vocab.special_tokens,
            "options": asdict(self.options),
        }
        text = json.dumps(state)
        text += " " * (-len(text) % 8)  # the index that follows begins at a multiple of 8
        return b"".join([len(text).to_bytes(8, "little"), text.encode(), self.entity_vocab.buffer])


def parts_from_bytes(data: bytes) -> tuple[WordVocab, TitleIndex, dict[str, Any]]:
    """What a tokenizer is made of.

    data (bytes): What `BaseTokenizer.to_bytes` gave.
    RETURNS (tuple[WordVocab, TitleIndex, dict[str, Any]]): The words, the titles of entities, and further arguments of
        `LukeTokenizer`.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    state = json.loads(data[8:start])
    kind = SentencePieceBackend if state["backend"]["files"] == "spm" else TokenizersBackend
    words = WordVocab(
        kind.from_state(state["backend"]),
        SpecialTokens(**state["special"]),
        Template(**{name: tuple(ids) for name, ids in state["template"].items()}),
    )
    return words, TitleIndex(memoryview(data)[start:]), {**state["entities"], **state["options"]}


def _in_text(parts: Sequence[str], offsets: Sequence[Sequence[CharSpan]]) -> list[CharSpan | None]:
    """Offsets in a text from those in its parts."""
    starts = [0, *accumulate(map(len, parts))][:-1]
    return [(at + start, at + end) for at, found in zip(starts, offsets, strict=True) for start, end in found]
