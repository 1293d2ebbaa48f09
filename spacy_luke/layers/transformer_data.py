"""Word states in the containers of spacy-transformers, the only thing of transformers that is touched at run time.

Only listeners need this module. The package is an extra, because spaCy imports the module of every installed factory,
and that one brings transformers: seconds of each start.

A listener sees one "batch" of one row a document: all its pieces, each from the window that shows most context
around it, with the alignment from tokens to pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model, Ops, Ragged
from thinc.util import xp2torch

from ..errors import Errors
from ..inputs.batch import WindowBatch
from ..inputs.pieces import DocPieces, Ints, encode_docs
from ..inputs.windows import Window, owned_pieces
from ..nn.heads.joint.outputs import JointOutput
from ..tokenizer import BaseTokenizer
from .weights import get_module, get_tokenizer

try:
    from spacy_transformers.data_classes import TransformerData, WordpieceBatch
    from spacy_transformers.pipeline_component import install_extensions as install_extensions
    from transformers.utils.generic import ModelOutput
except ImportError as error:
    raise ImportError(Errors.L337.format(reason=error)) from error


def set_transformer_data(doc: Doc, model: Model[Any, Any], words: Sequence[tuple[Window, Any]]) -> None:
    """Write `doc._.trf_data`.

    doc (Doc): The document.
    model (Model): The joint model.
    words (Sequence): Each window with its word states, shape (len(window), hidden).
    """
    install_extensions()
    tokenizer = get_tokenizer(model)
    pieces = encode_docs([doc], tokenizer)[0]
    words = sorted(words, key=lambda item: item[0].start)
    owned = owned_pieces([window for window, _ in words])
    parts = [s[a - w.start : b - w.start] for (w, s), (a, b) in zip(words, owned, strict=True)]
    width = get_module(model).config.hidden_size
    states = np.concatenate(parts) if parts else np.zeros((0, width), dtype=np.float32)
    doc._.trf_data = _container(pieces, states, tokenizer, model.ops)


def training_data(
    docs: Sequence[Doc],
    model: Model[Any, Any],
    batches: Sequence[WindowBatch],
    outputs: Sequence[JointOutput],
) -> tuple[list[TransformerData], Callable[[Sequence[TransformerData]], None]]:
    """Word states of the batches of a training step, and where their gradients go.

    docs (Sequence[Doc]): The documents.
    model (Model): The joint model.
    batches (Sequence[WindowBatch]): Their windows.
    outputs (Sequence[JointOutput]): What the model said of each batch; gradients accumulate in its word states.
    RETURNS (tuple): One container a document, and a callback that takes their gradients in the same form.
    """
    tokenizer = get_tokenizer(model)
    pieces = encode_docs(docs, tokenizer)
    places = _places(batches, len(docs))
    states = [output.word_states for output in outputs]
    flat = torch.cat([s.detach().flatten(0, 1).float().cpu() for s in states]).numpy()  # (n_words, hidden)
    data = [_container(p, flat[index], tokenizer, model.ops) for p, index in zip(pieces, places, strict=True)]
    answered = [index for index, doc in zip(places, docs, strict=True) if len(doc)]  # no answer to empty ones

    def add_gradient(gradients: Sequence[TransformerData]) -> None:
        total = states[0].new_zeros(flat.shape)
        for index, gradient in zip(answered, gradients, strict=True):
            for tensor in gradient.tensors if len(index) else ():
                rows = xp2torch(tensor).reshape(len(index), -1).to(total)
                total.index_add_(0, torch.from_numpy(index).to(total.device), rows)
        parts = torch.split(total, [s.shape[0] * s.shape[1] for s in states])
        for leaf, part in zip(states, parts, strict=True):
            grad = part.view_as(leaf)  # (batch, length, hidden)
            leaf.grad = grad.clone() if leaf.grad is None else leaf.grad + grad

    return data, add_gradient


def no_data(docs: Sequence[Doc], model: Model[Any, Any]) -> list[TransformerData]:
    """RETURNS (list[TransformerData]): A row of zeros for each of some documents without a single word piece."""
    tokenizer = get_tokenizer(model)
    nothing = np.zeros((0, get_module(model).config.hidden_size), dtype=np.float32)
    return [_container(pieces, nothing, tokenizer, model.ops) for pieces in encode_docs(docs, tokenizer)]


def _places(batches: Sequence[WindowBatch], n_docs: int) -> list[Ints]:
    """Where each piece of each document lies in the flattened batches; a document's windows may lie in several.
    RETURNS (list[ndarray]): Shape: (n_pieces,) each"""
    rows: list[list[tuple[Window, int]]] = [
        [] for _ in range(n_docs)
    ]  # each window, and where its row begins
    offset = 0
    for batch in batches:
        length = batch.inputs.needed("input_ids").shape[1]
        for row, window in enumerate(batch.windows):
            rows[window.doc].append((window, offset + row * length))
        offset += len(batch.windows) * length
    return [_places_of(sorted(mine, key=lambda item: item[0].start)) for mine in rows]


def _places_of(rows: Sequence[tuple[Window, int]]) -> Ints:
    parts = [np.zeros(0, dtype=np.int64)]
    for (window, place), owned in zip(rows, owned_pieces([window for window, _ in rows]), strict=True):
        parts.append(place + 1 + np.arange(*owned) - window.start)
    return np.concatenate(parts)


def _container(
    pieces: DocPieces, states: NDArray[np.float32], tokenizer: BaseTokenizer, ops: Ops
) -> TransformerData:
    """What a document's listeners get. Its states are on the device of the ops, where listeners compute."""
    n = len(pieces)
    if len(pieces.starts) == 1:
        return TransformerData.empty()
    if not n:  # no token has pieces; a listener still needs a width
        states = np.zeros((1, states.shape[1]), dtype=np.float32)
    wordpieces = WordpieceBatch(
        strings=[[tokenizer.backend.id_to_token(id_) or "" for id_ in pieces.ids.tolist()]],
        input_ids=pieces.ids[None].astype("i"),
        attention_mask=np.ones((1, n), dtype="f"),
        lengths=[n],
        token_type_ids=None,
    )
    align = Ragged(np.arange(n, dtype="i"), np.diff(pieces.starts).astype("i"))
    output = ModelOutput(last_hidden_state=ops.asarray(states[None]))  # type: ignore[no-untyped-call]
    return TransformerData(wordpieces, output, align)
