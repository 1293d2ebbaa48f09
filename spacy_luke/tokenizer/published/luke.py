"""LUKE's tokenizer: words and entities to the ids that the model reads."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeAlias

from tokenizers import AddedToken, Tokenizer  # type: ignore[import-untyped]

from ...types import PathOrStr
from ..backend import TOKENIZER, Backend
from ..entities import EntityVocab
from ..files import read_bpe, read_entity_vocab, read_text
from ..folder import (
    find_entities,
    find_words,
    make_folder,
    read_settings,
    write_settings,
    write_vocabulary,
)
from ..options import Options
from ..special import SpecialTokens, find_special, register
from ..template import Template
from ..title_index import TitleIndex
from .encoder import InputEncoder

Token: TypeAlias = "str | AddedToken"
Titles: TypeAlias = "Mapping[str, int] | Sequence[Any]"


class LukeTokenizer(InputEncoder):
    """Text, pairs of texts and the entities in them to what a LUKE model reads.

    The outputs are those of `LukeTokenizer` in transformers; whole batches are encoded in one call of the
    `tokenizers` library. This constructor takes the files of published checkpoints; `from_pretrained` finds
    them in a folder, `from_tokenizer_json` takes any other tokenizer, such as BERT's.

    vocab_file (str | PathLike): The word pieces, `vocab.json`.
    merges_file (str | PathLike): How byte-level BPE joins them, `merges.txt`.
    entity_vocab_file (str | PathLike | Mapping | Sequence): The entities, `entity_vocab.json`, or its
        content in a form that `EntityVocab` takes.
    task (str | None): What inputs are prepared for: "entity_classification" marks one entity,
        "entity_pair_classification" head and tail, "entity_span_classification" adds where spans start and
        end.
    max_entity_length (int): The most entities of an input.
    max_mention_length (int): The most word pieces of a mention that its entity sees.
    entity_token_1 (str | AddedToken): Stands before and after the entity, or the head.
    entity_token_2 (str | AddedToken): Stands before and after the tail.
    entity_unk_token (str): Title of the entity for unknown titles.
    entity_pad_token (str): Title of the entity that fills up batches.
    entity_mask_token (str): Title of the entity that asks what the text says about a mention.
    entity_mask2_token (str): The same for the tail of a pair.
    errors (str): What to do with bytes that aren't UTF-8 when decoding, as in `bytes.decode`.
    bos_token (str | AddedToken): The token that began each text in pretraining.
    eos_token (str | AddedToken): The token that ended each text in pretraining.
    sep_token (str | AddedToken): The token that ends each text.
    cls_token (str | AddedToken): The token that starts each input.
    unk_token (str | AddedToken): The token for unknown pieces.
    pad_token (str | AddedToken): The token that fills up batches.
    mask_token (str | AddedToken): The token that hides a word; it takes in the space on its left.
    add_prefix_space (bool): Whether each piece of a text (cut at entity boundaries) starts with a space.
    additional_special_tokens (Sequence[str | AddedToken]): Further special tokens. As in transformers, they
        stand before `entity_token_1` and `entity_token_2`, and the first two of them all mark entities.
    added_tokens_decoder (Mapping[int, AddedToken | dict] | None): Tokens added to the vocabulary, by id.
    padding_side (str): "right" or "left".
    truncation_side (str): "right" or "left".
    model_max_length (int | None): The most word pieces that the model takes; None for no limit.
    clean_up_tokenization_spaces (bool): Whether `decode` takes away spaces before English punctuation.
    split_special_tokens (bool): Whether special tokens in a text are plain text.
    """

    def __init__(
        self,
        vocab_file: PathOrStr,
        merges_file: PathOrStr,
        entity_vocab_file: PathOrStr | Titles,
        task: str | None = None,
        max_entity_length: int = 32,
        max_mention_length: int = 30,
        entity_token_1: Token = "<ent>",
        entity_token_2: Token = "<ent2>",
        entity_unk_token: str = "[UNK]",
        entity_pad_token: str = "[PAD]",
        entity_mask_token: str = "[MASK]",
        entity_mask2_token: str = "[MASK2]",
        errors: str = "replace",
        bos_token: Token = "<s>",
        eos_token: Token = "</s>",
        sep_token: Token = "</s>",
        cls_token: Token = "<s>",
        unk_token: Token = "<unk>",
        pad_token: Token = "<pad>",
        mask_token: Token = "<mask>",
        add_prefix_space: bool = False,
        *,
        additional_special_tokens: Sequence[Token] = (),
        added_tokens_decoder: Mapping[int, AddedToken | dict[str, Any]] | None = None,
        padding_side: str = "right",
        truncation_side: str = "right",
        model_max_length: int | None = None,
        clean_up_tokenization_spaces: bool = False,
        split_special_tokens: bool = False,
    ) -> None:
        options = Options(
            task=task,
            max_entity_length=max_entity_length,
            max_mention_length=max_mention_length,
            errors=errors,
            add_prefix_space=add_prefix_space,
            padding_side=padding_side,
            truncation_side=truncation_side,
            model_max_length=model_max_length,
            clean_up_tokenization_spaces=clean_up_tokenization_spaces,
            split_special_tokens=split_special_tokens,
        )
        backend = Backend.from_bpe(read_bpe(vocab_file, merges_file), unk_token=str(unk_token))
        backend.load_added(added_tokens_decoder or {})
        named = {
            "bos_token": bos_token,
            "eos_token": eos_token,
            "unk_token": unk_token,
            "sep_token": sep_token,
            "pad_token": pad_token,
            "cls_token": cls_token,
            "mask_token": mask_token,
        }
        special = register(backend, named, [*additional_special_tokens, entity_token_1, entity_token_2])
        entities = EntityVocab(
            *read_entity_vocab(entity_vocab_file),
            unk_token=entity_unk_token,
            pad_token=entity_pad_token,
            mask_token=entity_mask_token,
            mask2_token=entity_mask2_token,
        )
        self._setup(backend, special, roberta_template(backend, special), entities, options)

    @classmethod
    def from_tokenizer_json(
        cls,
        tokenizer: Tokenizer | PathOrStr,
        entity_vocab: PathOrStr | Titles,
        *,
        entity_token_1: Token = "<ent>",
        entity_token_2: Token = "<ent2>",
        entity_unk_token: str = "[UNK]",
        entity_pad_token: str = "[PAD]",
        entity_mask_token: str = "[MASK]",
        entity_mask2_token: str = "[MASK2]",
        additional_special_tokens: Sequence[Token] = (),
        special_tokens_pattern: str | None = None,
        **options: Any,
    ) -> LukeTokenizer:
        """Turn any tokenizer of the `tokenizers` library, such as BERT's, into LUKE's.

        The entity markers are added if its vocabulary lacks them.

        tokenizer (Tokenizer | str | PathLike): The tokenizer, or the path of its `tokenizer.json`.
        entity_vocab (Mapping | Sequence | str | PathLike): The entities, or the path of their JSON file.
        special_tokens_pattern (str | None): The special tokens around texts: "cls_sep" for cls A sep B sep,
            "cls_double_sep" for cls A sep sep B sep; None for those of the tokenizer's own post-processor
            and, if it has none, "cls_sep".
        options (Any): Other arguments of the constructor. Special tokens that aren't named are found under
            their usual names.
        RETURNS (LukeTokenizer): The tokenizer.
        """
        backend, prefix = Backend.from_json(_json_of(tokenizer))
        special = register(
            backend,
            find_special(backend, options),
            [*additional_special_tokens, entity_token_1, entity_token_2],
        )
        cls_id, sep_id = (backend.added_ids[special.names[name]] for name in ("cls_token", "sep_token"))
        template = None if special_tokens_pattern else backend.template()
        template = template or Template.from_pattern(special_tokens_pattern or "cls_sep", cls_id, sep_id)
        entities = EntityVocab(
            *read_entity_vocab(entity_vocab),
            unk_token=entity_unk_token,
            pad_token=entity_pad_token,
            mask_token=entity_mask_token,
            mask2_token=entity_mask2_token,
        )
        self = cls.__new__(cls)
        self._setup(backend, special, template, entities, Options(**{"add_prefix_space": prefix, **options}))
        return self

    def _setup(
        self,
        backend: Backend,
        special: SpecialTokens,
        template: Template,
        entity_vocab: EntityVocab,
        options: Options,
    ) -> None:
        super().__init__(backend, special, template)
        self.entity_vocab = entity_vocab
        self.task = options.task
        self.max_entity_length = options.max_entity_length
        self.max_mention_length = options.max_mention_length
        self.errors = options.errors
        self.add_prefix_space = options.add_prefix_space
        self.padding_side = options.padding_side
        self.truncation_side = options.truncation_side
        self.model_max_length = options.model_max_length
        self.clean_up_tokenization_spaces = options.clean_up_tokenization_spaces
        self.split_special_tokens = options.split_special_tokens

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

    def with_entities(self, entity_vocab: EntityVocab) -> LukeTokenizer:
        """A copy with other entities.

        entity_vocab (EntityVocab): The entities.
        RETURNS (LukeTokenizer): The copy.
        """
        copied = copy.copy(self)
        copied.entity_vocab = entity_vocab
        return copied

    # The names that transformers gives to the same four.
    entity_mask_token_id = entity_mask_id
    entity_mask2_token_id = entity_mask2_id
    entity_unk_token_id = entity_unk_id
    entity_pad_token_id = entity_pad_id

    # --- storage -------------------------------------------------------------------------

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: PathOrStr,
        *,
        revision: str | None = None,
        cache_dir: PathOrStr | None = None,
        local_files_only: bool = False,
        subfolder: str = "",
        **overrides: Any,
    ) -> LukeTokenizer:
        """Load a tokenizer that was saved here or by transformers.

        name_or_path (str | PathLike): A folder, or the name of a checkpoint on the Hugging Face hub.
        revision (str | None): The version of a checkpoint on the hub.
        cache_dir (str | PathLike | None): Where downloads are kept.
        local_files_only (bool): Whether to look for a checkpoint among earlier downloads only.
        subfolder (str): The folder within it that holds the files.
        overrides (Any): Arguments of the constructor that replace saved ones, e.g. `task`.
        RETURNS (LukeTokenizer): The tokenizer.
        """
        path = Path(name_or_path) / subfolder
        if not Path(name_or_path).is_dir():
            from ...nn.hub import TOKENIZER_FILES, resolve_checkpoint

            path = resolve_checkpoint(
                name_or_path,
                revision=revision,
                cache_dir=cache_dir,
                local_files_only=local_files_only,
                patterns=TOKENIZER_FILES,
                subfolder=subfolder,
            )
        words = find_words(path)
        settings = {**read_settings(path), **overrides}
        if words[0].name != TOKENIZER:
            from .mluke import MLukeTokenizer

            # Their special tokens always stand where RoBERTa has them.
            settings.pop("special_tokens_pattern", None)
            kind: Any = cls if len(words) == 2 else MLukeTokenizer
            return kind(*words, find_entities(path), **settings)
        del settings["added_tokens_decoder"]  # tokenizer.json has them
        return cls.from_tokenizer_json(words[0], find_entities(path), **settings)

    def save_pretrained(self, save_directory: PathOrStr) -> tuple[str, ...]:
        """Save in a folder that `from_pretrained` loads, also that of transformers.

        save_directory (str | PathLike): The folder; made if it isn't there.
        RETURNS (tuple[str, ...]): The files.
        """
        folder = make_folder(save_directory)
        settings = write_settings(
            folder, self.options, self.special, self.template, self.entity_vocab, self.backend
        )
        return (*map(str, settings), *self.save_vocabulary(folder))

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
        paths = write_vocabulary(make_folder(save_directory), self.backend, self.entity_vocab, prefix)
        return tuple(map(str, paths))

    @property
    def options(self) -> Options:
        """RETURNS (Options): The settings as they are now."""
        return Options(**{field.name: getattr(self, field.name) for field in fields(Options)})

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
        return b"".join([len(text).to_bytes(8, "little"), text.encode(), self.entity_vocab.index.buffer])

    @classmethod
    def from_bytes(cls, data: bytes) -> LukeTokenizer:
        """Rebuild a tokenizer.

        data (bytes): What `to_bytes` gave.
        RETURNS (LukeTokenizer): A tokenizer with the same outputs.
        """
        start = 8 + int.from_bytes(data[:8], "little")
        state = json.loads(data[8:start])
        index = TitleIndex(memoryview(data)[start:])
        entity_tokens = {name.removeprefix("entity_"): token for name, token in state["entities"].items()}
        from ..sentencepiece_backend import SentencePieceBackend
        from .mluke import MLukeTokenizer

        is_spm = state["backend"]["files"] == "spm"
        kind = MLukeTokenizer if is_spm else cls
        self = kind.__new__(kind)
        self._setup(
            (SentencePieceBackend if is_spm else Backend).from_state(state["backend"]),
            SpecialTokens(**state["special"]),
            Template(**{name: tuple(ids) for name, ids in state["template"].items()}),
            EntityVocab(index, **entity_tokens),
            Options(**state["options"]),
        )
        return self

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return type(self).from_bytes, (self.to_bytes(),)


def roberta_template(backend: Backend, special: SpecialTokens) -> Template:
    """backend (Backend): A vocabulary. special (SpecialTokens): Its special tokens.
    RETURNS (Template): Where RoBERTa puts them around texts."""
    cls_id, sep_id = (backend.added_ids[special.names[name]] for name in ("cls_token", "sep_token"))
    return Template.from_pattern("cls_double_sep", cls_id, sep_id)


def _json_of(tokenizer: Tokenizer | PathOrStr) -> str:
    return str(tokenizer.to_str()) if isinstance(tokenizer, Tokenizer) else read_text(Path(tokenizer))
