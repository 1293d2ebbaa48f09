"""Texts and the entities in them to model inputs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import Errors, Warnings
from ..options import check_side
from ..spans import EncodedText, PieceSpan
from ..special import Template
from .arguments import Example, is_batch, parse_batch, parse_ids, parse_single
from .assemble import Assembler, Row
from .encoding import (
    LukeEncoding,
    batch_encoding,
    kind_of,
    rows_of,
    single_encoding,
    take_places,
    tensor_kind,
)
from .limits import Limits, resolve_limits
from .padding import Padder
from .vocabulary import PublishedVocab

logger = logging.getLogger(__name__)


class InputEncoder(PublishedVocab):
    """A tokenizer that makes model inputs when it is called.

    These options mean the same in all its methods:

    add_special_tokens (bool): Whether to put special tokens around the texts.
    padding (bool | str): True or "longest", "max_length", False or "do_not_pad".
    truncation (bool | str | None): True or "longest_first", "only_first", "only_second", False or
        "do_not_truncate". None: "longest_first" if `max_length` is given and `padding` isn't.
    max_length (int | None): The word pieces to pad or truncate to; None for `model_max_length`.
    max_entity_length (int | None): The entities to truncate to, and, for a single text, to pad to; None
        for the tokenizer's setting.
    stride (int): How many word pieces that stay are repeated in `overflowing_tokens`.
    pad_to_multiple_of (int | None): What lengths are padded to a multiple of.
    padding_side (str | None): "right" or "left"; None for the tokenizer's setting. Positions of entities
        don't count padding.
    return_tensors (str | None): "np" for arrays, "pt" for tensors, None for lists.
    return_token_type_ids (bool | None): Whether to add token types, which are zeros; None: if
        `model_input_names` has them.
    return_attention_mask (bool | None): Whether to tell inputs from padding; None likewise.
    return_overflowing_tokens (bool): Whether to add what was truncated.
    return_special_tokens_mask (bool): Whether to add which tokens are special.
    return_length (bool): Whether to add the length: of a single text with its padding, in a batch
        without.
    verbose (bool): Whether to log what has no effect or is left out.
    """

    # Inputs that are made unless `return_token_type_ids` or `return_attention_mask` says otherwise.
    model_input_names: Sequence[str] = ("input_ids", "attention_mask")

    def __call__(
        self,
        text: str | Sequence[str] | Sequence[Sequence[str]],
        text_pair: str | Sequence[str] | Sequence[Sequence[str]] | None = None,
        entity_spans: Any = None,
        entity_spans_pair: Any = None,
        entities: Any = None,
        entities_pair: Any = None,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        max_entity_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool | None = False,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: Any = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        *,
        add_prefix_space: bool | None = None,
        split_special_tokens: bool | None = None,
    ) -> LukeEncoding:
        """Make inputs of one text or pair of texts, or of a list of them, with the entities in them.

        text (str | Sequence[str] | Sequence[Sequence[str]]): The text, or many; a text may be a list of words,
            see `is_split_into_words`.
        text_pair (str | Sequence | None): The text after it, e.g. an answer; ignored with a task.
        entity_spans (list[tuple[int, int]] | list[list[tuple[int, int]]] | None): Character offsets of the
            entities in the text, or, with `is_split_into_words`, their first words and the ones after their
            last: one for the task "entity_classification", two, head and tail, for
            "entity_pair_classification".
        entity_spans_pair (list | None): The same for the text after it; ignored with a task.
        entities (list[str] | list[list[str]] | None): Their titles. Without: [MASK] entities, which ask what
            the text says about them. Ignored with a task.
        entities_pair (list | None): The same for the text after it.
        is_split_into_words (bool | None): Whether each text is a list of words. They are read as one text with
            a space before each word, also the first (see `add_prefix_space`), and spans count words. The
            result's `word_ids` and `sequence_ids` tell what each word piece is a part of.
        return_offsets_mapping (bool): Whether to add `offset_mapping`, the characters that each word piece
            stands for: in the text, or, with `is_split_into_words`, in its word. White space around a piece
            doesn't count; a piece of some bytes of a character has that character; special tokens around
            texts, markers and padding have (0, 0). The result's `sequence_ids` tells texts and the rest apart.
        add_prefix_space (bool | None): Whether each piece of text starts with a space; None for yes with
            `is_split_into_words`, else for the tokenizer's setting.
        split_special_tokens (bool | None): Whether special tokens in the text are plain text; None for the
            tokenizer's setting.
        RETURNS (LukeEncoding): `input_ids`, `attention_mask`; with spans also `entity_ids`,
            `entity_position_ids`, `entity_attention_mask`; with the task "entity_span_classification"
            `entity_start_positions` and `entity_end_positions`; and what was asked for.
        """
        kind, presplit = tensor_kind(return_tensors), bool(is_split_into_words)
        columns = (text_pair, entity_spans, entity_spans_pair, entities, entities_pair, self.task, presplit)
        batched = is_batch(text, presplit)
        examples = parse_batch(text, *columns) if batched else [parse_single(text, *columns)]
        limits = resolve_limits(
            padding, truncation, max_length, pad_to_multiple_of, self.model_max_length, verbose
        )
        padder = self._padder(padding_side, pad_to_multiple_of, return_attention_mask)
        added = return_token_type_ids, return_special_tokens_mask, return_overflowing_tokens
        assemble = self._assembler(limits, max_entity_length, add_special_tokens, stride, *added)
        prefix = True if presplit and add_prefix_space is None else add_prefix_space
        with_offsets = presplit or return_offsets_mapping
        encoded = self._encode_examples(examples, prefix, split_special_tokens, with_offsets)
        rows = self._assemble(assemble, encoded, verbose)
        if batched:
            rows = self._pad_batch(rows, padder, assemble, return_length)
        else:
            rows = [_pad_single(rows, padder, assemble, return_length)]
        places = take_places(rows, return_offsets_mapping)
        made = batch_encoding(rows, kind) if batched else single_encoding(rows[0], kind, batch_axis=True)
        return made.placed(places)

    encode_plus = __call__  # its older name

    def batch_encode_plus(self, batch_text_or_text_pairs: Sequence[Any], **kwargs: Any) -> LukeEncoding:
        """The older name of a call with many texts, or with pairs of texts as tuples.

        batch_text_or_text_pairs (Sequence[str | tuple[str, str]]): The texts or pairs.
        kwargs (Any): As for calling the tokenizer.
        RETURNS (LukeEncoding): As for calling the tokenizer.
        """
        texts = list(batch_text_or_text_pairs)
        if not any(isinstance(text, tuple) for text in texts):
            return self(texts, **kwargs)
        first, second = (list(column) for column in zip(*texts, strict=True))
        return self(first, second, **kwargs)

    def prepare_for_model(
        self,
        ids: Sequence[int],
        pair_ids: Sequence[int] | None = None,
        entity_ids: Sequence[int] | None = None,
        pair_entity_ids: Sequence[int] | None = None,
        entity_token_spans: Sequence[PieceSpan] | None = None,
        pair_entity_token_spans: Sequence[PieceSpan] | None = None,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        max_entity_length: int | None = None,
        stride: int = 0,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: Any = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        prepend_batch_axis: bool = False,
    ) -> LukeEncoding:
        """Make an input of ids that are there already.

        ids (Sequence[int]): Word pieces of the text, without special tokens around it.
        pair_ids (Sequence[int] | None): Those of the text after it.
        entity_ids (Sequence[int] | None): The entities of the text.
        pair_entity_ids (Sequence[int] | None): Those of the text after it.
        entity_token_spans (Sequence[tuple[int, int]] | None): For each entity of the text its first word piece
            among `ids` and the one after its last.
        pair_entity_token_spans (Sequence[tuple[int, int]] | None): The same for the text after it.
        prepend_batch_axis (bool): Whether arrays and tensors are batches of one.
        RETURNS (LukeEncoding): As for calling the tokenizer.
        RAISES (ValueError): If there are not as many spans as entities.
        """
        limits = resolve_limits(
            padding, truncation, max_length, pad_to_multiple_of, self.model_max_length, verbose
        )
        added = return_token_type_ids, return_special_tokens_mask, return_overflowing_tokens
        assemble = self._assembler(limits, max_entity_length, add_special_tokens, stride, *added)
        first = parse_ids(ids, entity_ids, entity_token_spans)
        second = None if pair_ids is None else parse_ids(pair_ids, pair_entity_ids, pair_entity_token_spans)
        rows = self._assemble(assemble, [(first, second)], verbose)
        padder = self._padder(padding_side, pad_to_multiple_of, return_attention_mask)
        row = _pad_single(rows, padder, assemble, return_length)
        return single_encoding(row, tensor_kind(return_tensors), batch_axis=prepend_batch_axis)

    def encode(self, text: str, text_pair: str | None = None, **kwargs: Any) -> Any:
        """The word ids of one text or pair of texts.

        text (str): The text.
        text_pair (str | None): The text after it.
        kwargs (Any): As for calling the tokenizer.
        RETURNS (list[int] | ndarray | Tensor): `input_ids` of that call.
        """
        return self(text, text_pair, **kwargs)["input_ids"]

    def tokenize(
        self, text: str, add_prefix_space: bool | None = None, split_special_tokens: bool | None = None
    ) -> list[str]:
        """The word pieces of a text, without special tokens around it.

        text (str): The text.
        add_prefix_space (bool | None): Whether it starts with a space; None for the tokenizer's setting.
        split_special_tokens (bool | None): Whether special tokens in it are plain text; None for the setting.
        RETURNS (list[str]): The pieces.
        """
        prefix = self.add_prefix_space if add_prefix_space is None else add_prefix_space
        split = self.split_special_tokens if split_special_tokens is None else split_special_tokens
        space = prefix and text != "" and not text[0].isspace()
        return self.backend.tokenize(f" {text}" if space else text, parse_added=not split)

    def pad(
        self,
        encoded_inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        padding: bool | str = True,
        max_length: int | None = None,
        max_entity_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: Any = None,
        verbose: bool = True,
    ) -> LukeEncoding:
        """Fill up inputs that were made without padding, e.g. when a data loader puts a batch together.

        encoded_inputs (Mapping | Sequence[Mapping]): One input, a batch, or a list of inputs, of lists,
            arrays or tensors. They aren't changed.
        return_tensors (str | None): "np" or "pt"; None for what the inputs are.
        RETURNS (LukeEncoding): The inputs, all of one length.
        """
        if not isinstance(encoded_inputs, Mapping):
            first = encoded_inputs[0] if encoded_inputs else {}
            encoded_inputs = {name: [example[name] for example in encoded_inputs] for name in first}
        if "input_ids" not in encoded_inputs:
            raise ValueError(Errors.L133.format(names=", ".join(map(repr, encoded_inputs))))
        ids = encoded_inputs["input_ids"]
        if len(ids) == 0:
            return LukeEncoding(encoded_inputs)
        kind = tensor_kind(return_tensors) or kind_of(ids)
        limits = resolve_limits(padding, None, max_length, None, self.model_max_length, verbose)
        padder = self._padder(padding_side, pad_to_multiple_of, return_attention_mask)
        n_entities = self.max_entity_length if max_entity_length is None else max_entity_length
        single = np.ndim(ids[0]) == 0
        if single:
            encoded_inputs = {name: [value] for name, value in encoded_inputs.items()}
        rows = rows_of(encoded_inputs)
        padded = padder(rows, limits.padding, limits.max_length, n_entities)
        return single_encoding(padded[0], kind, batch_axis=False) if single else batch_encoding(padded, kind)

    # --- steps of a call -----------------------------------------------------------------

    def _wants(self, name: str, asked: bool | None) -> bool:
        return name in self.model_input_names if asked is None else asked

    def _padder(self, side: str | None, multiple: int | None, attention_mask: bool | None) -> Padder:
        side = self.padding_side if side is None else side
        check_side("padding_side", side)
        with_mask = self._wants("attention_mask", attention_mask)
        return Padder(self.pad_token_id, self.entity_vocab.pad_id, side, multiple, with_mask)

    def _assembler(
        self,
        limits: Limits,
        max_entity_length: int | None,
        add_special_tokens: bool,
        stride: int,
        token_type_ids: bool | None,
        special_tokens_mask: bool,
        overflowing_tokens: bool,
    ) -> Assembler:
        with_types = self._wants("token_type_ids", token_type_ids)
        if with_types and not add_special_tokens:
            raise ValueError(Errors.L128)
        return Assembler(
            self.template if add_special_tokens else Template(),
            limits,
            max_entity_length or self.max_entity_length,
            self.max_mention_length,
            stride,
            self.truncation_side,
            return_positions=self.task == "entity_span_classification",
            return_token_type_ids=with_types,
            return_special_tokens_mask=special_tokens_mask,
            return_overflowing_tokens=overflowing_tokens,
        )

    def _assemble(
        self, assemble: Assembler, encoded: Iterable[tuple[EncodedText, EncodedText | None]], verbose: bool
    ) -> list[Row]:
        """Put inputs together, and tell of entities that fell out of them and of inputs that are too long."""
        rows, dropped = zip(*(assemble(first, second) for first, second in encoded), strict=True)
        longest = max(len(row["input_ids"]) for row in rows)
        if verbose and any(dropped):
            logger.warning(Warnings.W104.format(n=sum(dropped)))
        most = self.model_max_length
        if verbose and assemble.limits.max_length is None and most is not None and longest > most:
            logger.warning(Warnings.W105.format(n=longest, most=most))
        return list(rows)

    def _pad_batch(
        self, rows: Sequence[Row], padder: Padder, assemble: Assembler, return_length: bool
    ) -> list[Row]:
        """A batch is filled up to the tokenizer's number of entities, and its lengths are those without padding."""
        if return_length:
            rows = [{**row, "length": len(row["input_ids"])} for row in rows]
        limits = assemble.limits
        return padder(rows, limits.padding, limits.max_length, self.max_entity_length)

    def _encode_examples(
        self,
        examples: Sequence[Example],
        add_prefix_space: bool | None,
        split_special_tokens: bool | None,
        with_offsets: bool,
    ) -> list[tuple[EncodedText, EncodedText | None]]:
        """Encode all texts in one call, and give them their entities."""
        texts = [text for example in examples for text in example if text is not None]
        encoded = self.encode_texts(
            [text.text for text in texts],
            [text.spans for text in texts],
            task=self.task,
            add_prefix_space=add_prefix_space,
            split_special_tokens=split_special_tokens,
            with_offsets=with_offsets,
        )
        for text, given in zip(encoded, texts, strict=True):
            text.words = given.words
            if given.titles is not None:
                text.entity_ids = self.entity_vocab.lookup(given.titles)
        each = iter(encoded)
        return [(next(each), None if second is None else next(each)) for _, second in examples]


def _pad_single(rows: Sequence[Row], padder: Padder, assemble: Assembler, return_length: bool) -> Row:
    """A single text is filled up to the number of entities that the call asks for, and so is its length."""
    (row,) = padder(rows, assemble.limits.padding, assemble.limits.max_length, assemble.max_entity_length)
    return {**row, "length": len(row["input_ids"])} if return_length else row
