"""The tokenizer of multilingual and Japanese LUKEs, which cut words with a SentencePiece model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken  # type: ignore[import-untyped]

from ...types import PathOrStr
from ..entities import EntityVocab
from ..files import read_bytes, read_entity_vocab
from ..options import Options
from ..sentencepiece_backend import SentencePieceBackend
from ..special import register
from .luke import LukeTokenizer, Titles, Token, roberta_template


class MLukeTokenizer(LukeTokenizer):
    """Text and the entities in it to what a multilingual LUKE reads (Ri et al., 2022, arXiv 2110.08151).

    It does what `LukeTokenizer` does and differs in its vocabularies: words are cut as in XLM-R, by a SentencePiece
    model that needs no library of that name here, and titles of entities start with a language, "en:Tokyo".
    Outputs are those of `MLukeTokenizer` in transformers 4. (Version 5 numbers the pieces one lower than the
    published checkpoints do.)

    vocab_file (str | PathLike): The SentencePiece model, `sentencepiece.bpe.model`.
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
        vocab_file: PathOrStr,
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
        options |= {"max_entity_length": max_entity_length, "max_mention_length": max_mention_length}
        backend = SentencePieceBackend(read_bytes(Path(vocab_file)), str(vocab_file))
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
        template = roberta_template(backend, special)
        self._setup(backend, special, template, entities, Options(task=task, **options))
