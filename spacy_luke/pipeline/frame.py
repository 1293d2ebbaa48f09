"""The frame of the pipes that put a published head on the text of a Doc.

    docs -> texts beside each (a pair, questions, choices, or none) -> rows -> padded batches -> logits
         -> decode -> annotate                                         (prediction)
         -> loss, against the gold of each document                    (training)

A pipe's own file says what stands beside a document, what its gold is, and what the logits mean.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from ..annotation import set_extensions
from ..errors import Errors, Warnings
from ..inputs.pieces import DocPieces
from ..inputs.texts import NO_ENTITIES, TextBatch, TextEntities, TextRow, text_batches
from .entity_input import EntityInput
from .probabilities import Floats
from .saved import Saved
from .streamed import BATCH_PIECES, Streamed

if TYPE_CHECKING:
    from torch import Tensor

    from ..inputs.texts import TextReader


@dataclass
class RowScores:
    """What the model says of one row.

    row (TextRow): The row.
    logits (ndarray): Its logits; with a dimension of the row's length for heads on tokens.
    """

    row: TextRow
    logits: Floats


@dataclass
class DocScores:
    """What the model says of one document.

    pieces (DocPieces): Its pieces.
    texts (list[list[RowScores]]): For each text beside it, the windows of the document. None if nothing was read.
    """

    pieces: DocPieces
    texts: list[list[RowScores]] = field(default_factory=list)


class HeadPipe(Streamed, Saved, TrainablePipe):  # type: ignore[misc]
    """A published head behind `nlp.add_pipe`. Subclasses say what it is asked and what its answers mean.

    vocab (Vocab): The vocabulary.
    model (Model): From `layers.head.head_architecture`.
    name (str): Name of the component.
    entity_input (EntityInput | None): The entities that are read with the words; None for none.
    max_batch_pieces (int): Most tokens of a padded batch, word pieces and entities, in training too. More are read in
        several batches, with the same gradients.
    scorer (Callable | None): The scorer.
    """

    task: ClassVar[str]  # the published class
    architecture: ClassVar[str]  # what makes its model
    doc_first: ClassVar[bool] = True  # whether a document stands before the text beside it
    by_token: ClassVar[bool] = False  # whether every token needs pieces of its own

    def __init__(
        self,
        vocab: Vocab,
        model: Model[TextBatch, Tensor],
        name: str,
        *,
        entity_input: EntityInput | None = None,
        max_batch_pieces: int = BATCH_PIECES,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        found = getattr(model.attrs.get("settings"), "task", model.name)
        if found != self.task:
            raise ValueError(Errors.L336.format(pipe=name, needed=self.architecture, found=found))
        self.require(name, max_batch_pieces >= 1, "max_batch_pieces", max_batch_pieces, "1 or more")
        set_extensions()
        self.vocab = vocab
        self.model = model
        self.name = name
        self.entity_input = entity_input
        self.titles = None if entity_input is None or entity_input.kind != "title" else entity_input.titles
        self.max_batch_pieces = max_batch_pieces
        self.scorer = scorer
        self.cfg: dict[str, Any] = {}

    @staticmethod
    def require(pipe: str, fits: bool, name: str, value: Any, allowed: str) -> None:
        """Check a setting. RAISES (ValueError): If it doesn't fit."""
        if not fits:
            raise ValueError(Errors.L311.format(pipe=pipe, name=name, value=value, allowed=allowed))

    # --- a pipe's own ----------------------------------------------------------------------

    def beside(self, doc: Doc) -> Sequence[str | None]:
        """The texts that a document is read with, once with each.

        doc (Doc): The document.
        RETURNS (Sequence[str | None]): The texts; None for the document alone.
        """
        return (None,)

    def decode(self, doc: Doc, scores: DocScores) -> Any:
        """What the logits say of a document.

        doc (Doc): The document.
        scores (DocScores): The logits of all its rows.
        RETURNS (Any): What `annotate` writes; None for nothing.
        """
        raise NotImplementedError

    def annotate(self, doc: Doc, prediction: Any) -> None:
        """Write a prediction onto a document.

        doc (Doc): The document.
        prediction (Any): From `decode`.
        """
        raise NotImplementedError

    def read_gold(self, example: Example) -> Any:
        """The gold of an example, on the tokens of its predicted document.

        example (Example): The example.
        RETURNS (Any): What `loss` takes; None where the reference isn't annotated.
        """
        raise NotImplementedError

    def loss(
        self, logits: Tensor, rows: Sequence[TextRow], pieces: Sequence[DocPieces], golds: Sequence[Any]
    ) -> Tensor | None:
        """The loss of some documents.

        logits (Tensor): Logits of their rows, padded.
        rows (Sequence[TextRow]): The rows of annotated documents.
        pieces (Sequence[DocPieces]): The pieces of these documents.
        golds (Sequence[Any]): Their gold.
        RETURNS (Tensor | None): Shape: (). None if there is nothing to learn.
        """
        raise NotImplementedError

    def prepare_head(self, examples: Iterable[Example], labels: Sequence[str] | None) -> None:
        """Give the head the labels of data, where it has labels.

        examples (Iterable[Example]): The data.
        labels (Sequence[str] | None): Labels instead of those of the data.
        """

    # --- reading ---------------------------------------------------------------------------

    @property
    def speaks(self) -> bool:
        """Whether the head has trained weights."""
        from ..layers.head import get_head

        return not get_head(self.model).untrained

    def predict(self, docs: Iterable[Doc]) -> list[Any]:
        """Read documents, without changing them.

        docs (Iterable[Doc]): The documents.
        RETURNS (list[Any]): A prediction for each; None where nothing is to be written.
        """
        docs = list(docs)
        if not self.speaks:
            warnings.warn(Warnings.W302.format(name=self.name, task=self.task), stacklevel=2)
            return [None] * len(docs)
        scores = self.read(docs, [self.beside(doc) for doc in docs])
        return [self.decode(doc, score) for doc, score in zip(docs, scores, strict=True)]

    def read(self, docs: Sequence[Doc], beside: Sequence[Sequence[str | None]]) -> list[DocScores]:
        """Run the model on documents, in batches of rows of like length.

        docs (Sequence[Doc]): The documents.
        beside (Sequence[Sequence[str | None]]): The texts that each is read with; None for alone.
        RETURNS (list[DocScores]): The logits.
        """
        from ..layers.threads import batches_at_once, predict_at_once

        reader = self._reader()
        pieces, rows = reader.rows(docs, beside, self._entities(docs, reader))
        logits: list[Floats] = [np.zeros(0, dtype=np.float32)] * len(rows)
        at_once = batches_at_once(self.model, self.max_batch_pieces)
        batches = list(text_batches(rows, reader.tokenizer, self.max_batch_pieces // at_once))
        answers = predict_at_once(lambda batch: self.model.predict(batch[1]).cpu().numpy(), batches, at_once)
        for (places, batch), answer in zip(batches, answers, strict=True):
            for place, row, values in zip(places, batch.rows, answer, strict=True):
                logits[place] = values[: len(row)] if values.ndim == 2 else values
        scores = [DocScores(p, [[] for _ in texts]) for p, texts in zip(pieces, beside, strict=True)]
        for row, values in zip(rows, logits, strict=True):
            scores[row.window.doc].texts[row.beside].append(RowScores(row, values))
        return scores

    def _reader(self) -> TextReader:
        from ..layers.head import text_reader

        return text_reader(self.model, doc_first=self.doc_first, by_token=self.by_token)

    def _entities(self, docs: Sequence[Doc], reader: TextReader) -> list[TextEntities]:
        from ..layers.head import get_head

        if self.entity_input is None:
            return [NO_ENTITIES] * len(docs)
        kind = self.entity_input.kind
        if kind != "none" and not get_head(self.model).config.words_attend_to_entities:
            warnings.warn(Warnings.W303.format(name=self.name, kind=kind), stacklevel=2)
        return self.entity_input.read(docs, reader.tokenizer)

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[Any]) -> None:
        """Write predictions onto the documents.

        docs (Iterable[Doc]): The documents.
        predictions (Sequence[Any]): From `predict`.
        """
        for doc, prediction in zip(docs, predictions, strict=True):
            if prediction is not None:
                self.annotate(doc, prediction)

    # --- training --------------------------------------------------------------------------

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,  # spaCy resolves this name: no import may be needed for it
    ) -> None:
        """Load the checkpoint's weights, and make a new head where data or `labels` bring new labels.

        get_examples (Callable): Gives examples, for their labels.
        nlp (Language | None): The pipeline.
        labels (list[str] | None): The labels; None to collect them from the examples.
        """
        from ..layers.head import get_head

        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        get_head(self.model)
        self.prepare_head(get_examples(), labels)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch of examples. What a document is asked comes from the reference.

        examples (Iterable[Example]): The batch.
        drop (float): Dropout rate of all layers.
        sgd (Optimizer | None): If given, a step is taken.
        losses (dict[str, float] | None): The loss is added under the pipe's name.
        RETURNS (dict[str, float]): The losses.
        """
        from ..layers.head import get_head

        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        get_head(self.model)  # before it is loaded it has no labels to compare the gold with
        known = [(e, gold) for e in examples if (gold := self.read_gold(e)) is not None]
        set_dropout_rate(self.model, drop)
        losses[self.name] += self._learn([example for example, _ in known], [gold for _, gold in known])
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def _learn(self, examples: Sequence[Example], golds: Sequence[Any]) -> float:
        """Add the gradients of annotated examples. RETURNS (float): The loss."""
        from ..layers.head_loss import join_rows

        reader, docs = self._reader(), [example.predicted for example in examples]
        beside = [self.beside(example.reference) for example in examples]
        pieces, rows = reader.rows(docs, beside, self._entities(docs, reader))
        if not rows:
            return 0.0
        batches = list(text_batches(rows, reader.tokenizer, self.max_batch_pieces, recompute=True))
        answers = [self.model.begin_update(batch) for _, batch in batches]
        logits = join_rows([leaf for leaf, _ in answers], [places for places, _ in batches])
        loss = self.loss(logits, rows, pieces, golds)
        if loss is None:
            return 0.0
        loss.backward()  # type: ignore[no-untyped-call]
        for leaf, backprop in answers:
            backprop(leaf)
        return float(loss.detach())

    # --- scoring ---------------------------------------------------------------------------

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score what this pipe has written.

        examples (Iterable[Example]): Examples whose predicted documents this pipe has annotated.
        RETURNS (dict[str, Any]): The scores.
        """
        return {} if self.scorer is None else self.scorer(list(examples), pipe=self, **kwargs)


class LabelPipe(HeadPipe):
    """A head pipe with labels: those of the checkpoint, or new ones."""

    problem_type: str | None = None  # what new labels mean, where the head knows several kinds

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels. None before there are weights: spaCy asks for them in passing, and that must not load a
        model; none either while the head is untrained and no data have named its labels."""
        from ..layers.head import head_labels
        from ..layers.weights import has_weights

        if not has_weights(self.model):
            return ()
        labels = head_labels(self.model)
        named = any(label != f"LABEL_{i}" for i, label in enumerate(labels))
        return labels if named or self.speaks else ()

    @property
    def label_data(self) -> list[str]:
        """What `spacy init labels` saves, for `initialize`."""
        return list(self.labels)

    def collect_labels(self, examples: Iterable[Example]) -> list[str]:
        """RETURNS (list[str]): The labels of the data, without repetition."""
        raise NotImplementedError

    def prepare_head(self, examples: Iterable[Example], labels: Sequence[str] | None) -> None:
        """Keep the head if it has just these labels, or if there are none; else make a new one."""
        from ..layers.head import head_labels, set_labels

        new = list(dict.fromkeys(self.collect_labels(examples) if labels is None else labels))
        if new and set(new) != set(head_labels(self.model)):
            set_labels(self.model, new, self.problem_type)


def mean_logits(rows: Sequence[RowScores]) -> Floats:
    """rows (Sequence[RowScores]): Windows of one text. RETURNS (ndarray): Mean of their logits. Shape: (labels,)"""
    mean: Floats = np.mean([row.logits for row in rows], axis=0)
    return mean
