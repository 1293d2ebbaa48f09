"""LUKE's tokenizers: words and entities to the ids that the model reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from tokenizers import AddedToken, Tokenizer  # type: ignore[import-untyped]

from ...files import finish_writing, reading
from ...nn.hub import TOKENIZER_FILES, resolve_checkpoint, take_hub_options
from ...types import PathOrStr
from ..base import parts_from_bytes
from ..entities import EntityVocab
from ..folder import (
    Titles,
    find_entities,
    find_words,
    load_bpe,
    load_settings,
    load_titles,
    read_bytes,
    read_text,
)
from ..options import Options
from ..sentencepiece_backend import PIECES, SentencePieceBackend
from ..special import find_special
from ..tokenizers_backend import TOKENIZER, TokenizersBackend
from ..words import Token, WordVocab, make_words
from .encoder import InputEncoder


class LukeTokenizer(InputEncoder):
    """Text, pairs of texts and the entities in them to what a LUKE model reads.

    The outputs are those of `LukeTokenizer` in transformers; whole batches are encoded in one call of the
    `tokenizers` library. This constructor takes the files of published checkpoints; `from_pretrained` finds
    them in a folder, `from_tokenizer_json` takes any other tokenizer, such as BERT's.

    vocab_file (str | PathLike | WordVocab): The word pieces, `vocab.json`; or a word vocabulary that is ready, which
        brings its special and added tokens: those named here are left aside.
    merges_file (str | PathLike | None): How byte-level BPE joins them, `merges.txt`; None for a ready vocabulary.
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
        vocab_file: PathOrStr | WordVocab,
        merges_file: PathOrStr | None,
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
        words = vocab_file
        if not isinstance(words, WordVocab):
            bpe = load_bpe(words, cast(PathOrStr, merges_file))  # only ready vocabularies have none
            backend = TokenizersBackend.from_bpe(bpe, unk_token=str(unk_token))
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
            words = make_words(backend, named, [*additional_special_tokens, entity_token_1, entity_token_2])
        entities = EntityVocab(
            *load_titles(entity_vocab_file),
            unk_token=entity_unk_token,
            pad_token=entity_pad_token,
            mask_token=entity_mask_token,
            mask2_token=entity_mask2_token,
        )
        super().__init__(words, entities, options)

    @classmethod
    def _from_words(cls, words: WordVocab, entity_vocab: PathOrStr | Titles, **options: Any) -> LukeTokenizer:
        """Build a tokenizer of a ready word vocabulary. A subclass with another constructor has its own way."""
        return cls(words, None, entity_vocab, **options)

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
        spec = tokenizer.to_str() if isinstance(tokenizer, Tokenizer) else read_text(Path(tokenizer))
        backend, prefix = TokenizersBackend.from_json(spec)
        named = find_special(backend, options)
        markers = [*additional_special_tokens, entity_token_1, entity_token_2]
        template = special_tokens_pattern or backend.template() or "cls_sep"
        return cls._from_words(
            make_words(backend, named, markers, template),
            entity_vocab,
            entity_unk_token=entity_unk_token,
            entity_pad_token=entity_pad_token,
            entity_mask_token=entity_mask_token,
            entity_mask2_token=entity_mask2_token,
            **{"add_prefix_space": prefix, **options},
        )

    # The names that transformers gives to the ids of special entities.
    entity_mask_token_id = InputEncoder.entity_mask_id
    entity_mask2_token_id = InputEncoder.entity_mask2_id
    entity_unk_token_id = InputEncoder.entity_unk_id
    entity_pad_token_id = InputEncoder.entity_pad_id

    # --- storage -------------------------------------------------------------------------

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: PathOrStr,
        **overrides: Any,
    ) -> LukeTokenizer:
        """Load a tokenizer that was saved here or by transformers.

        name_or_path (str | PathLike): A folder, or the name of a checkpoint on the Hugging Face hub.
        overrides (Any): Arguments of the constructor that replace saved ones, e.g. `task`; and `revision`, `cache_dir`,
            `local_files_only`, `subfolder`, `token` and `force_download`, see `resolve_checkpoint`. Arguments of
            transformers that mean nothing here, e.g. `use_fast`, are ignored.
        RETURNS (LukeTokenizer): The tokenizer.
        RAISES (CheckpointError): If there is no such folder or checkpoint. (FileNotFoundError): If it lacks a file.
        """
        where = take_hub_options(overrides)
        path = Path(name_or_path) / where.get("subfolder", "")
        if Path(name_or_path).is_dir():
            finish_writing(path)
        else:
            path = resolve_checkpoint(name_or_path, patterns=TOKENIZER_FILES, **where)
        with reading(path):
            words, entities, saved = find_words(path), find_entities(path), load_settings(path)
        settings = {**saved, **overrides}
        kind: Any = MLukeTokenizer if words[0].name == PIECES else cls
        with nullcontext() if overrides else reading(path):
            if words[0].name == TOKENIZER:
                del settings["added_tokens_decoder"]  # tokenizer.json has them
                return cls.from_tokenizer_json(words[0], entities, **settings)
            settings.pop("special_tokens_pattern", None)  # these always stand where RoBERTa has them
            return cast(LukeTokenizer, kind(*words, entities, **settings))

    @classmethod
    def from_bytes(cls, data: bytes) -> LukeTokenizer:
        """Rebuild a tokenizer.

        data (bytes): What `to_bytes` gave.
        RETURNS (LukeTokenizer): A tokenizer with the same outputs.
        """
        words, titles, options = parts_from_bytes(data)
        kind = MLukeTokenizer if isinstance(words.backend, SentencePieceBackend) else cls
        return kind._from_words(words, titles, **options)

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return type(self).from_bytes, (self.to_bytes(),)


class MLukeTokenizer(LukeTokenizer):
    """Text and the entities in it to what a multilingual LUKE reads (Ri et al., 2022, arXiv 2110.08151).

    It does what `LukeTokenizer` does and differs in its vocabularies: words are cut as in XLM-R, by a SentencePiece
    model (`pip install "spacy_luke[sentencepiece]"`), and titles of entities start with a language, "en:Tokyo".
    Outputs are those of `MLukeTokenizer` in transformers 4. (Version 5 numbers the pieces one lower than the
    published checkpoints do.)

    vocab_file (str | PathLike | WordVocab): The SentencePiece model, `sentencepiece.bpe.model`; or a word vocabulary
        that is ready, as for `LukeTokenizer`.
    entity_vocab_file (str | PathLike | Mapping | Sequence): The entities, `entity_vocab.json`, or its
        content in a form that `EntityVocab` takes.
    bos_token (str | AddedToken): The token that began each text in pretraining.
    eos_token (str | AddedToken): The token that ended each text in pretraining.
    sep_token (str | AddedToken): The token that ends each text.
    cls_token (str | AddedToken): The token that starts each input.
    unk_token (str | AddedToken): The token for unknown pieces.
    pad_token (str | AddedToken): The token that fills up batches.
    mask_token (str | AddedToken): The token that hides a word; it takes in the space on its left.
    task (str | None): As for `LukeTokenizer`, like all that follow.
    options (Any): Further arguments of `LukeTokenizer` that aren't files.
    """

    def __init__(
        self,
        vocab_file: PathOrStr | WordVocab,
        entity_vocab_file: PathOrStr | Titles,
        bos_token: Token = "<s>",
        eos_token: Token = "</s>",
        sep_token: Token = "</s>",
        cls_token: Token = "<s>",
        unk_token: Token = "<unk>",
        pad_token: Token = "<pad>",
        mask_token: Token = "<mask>",
        task: str | None = None,
        max_entity_length: int = 32,
        max_mention_length: int = 30,
        entity_token_1: Token = "<ent>",
        entity_token_2: Token = "<ent2>",
        entity_unk_token: str = "[UNK]",
        entity_pad_token: str = "[PAD]",
        entity_mask_token: str = "[MASK]",
        entity_mask2_token: str = "[MASK2]",
        *,
        additional_special_tokens: Sequence[Token] = (),
        added_tokens_decoder: Mapping[int, AddedToken | dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        words = vocab_file
        if not isinstance(words, WordVocab):
            backend = SentencePieceBackend(read_bytes(Path(words)), str(words))
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
            words = make_words(backend, named, [*additional_special_tokens, entity_token_1, entity_token_2])
        super().__init__(
            words,
            None,
            entity_vocab_file,
            task,
            max_entity_length,
            max_mention_length,
            entity_unk_token=entity_unk_token,
            entity_pad_token=entity_pad_token,
            entity_mask_token=entity_mask_token,
            entity_mask2_token=entity_mask2_token,
            **options,
        )

    @classmethod
    def _from_words(
        cls, words: WordVocab, entity_vocab: PathOrStr | Titles, **options: Any
    ) -> MLukeTokenizer:
        return cls(words, entity_vocab, **options)
