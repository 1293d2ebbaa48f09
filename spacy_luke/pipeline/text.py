"""What the pipes that put a published head on the text of a Doc have in common.

    docs -> texts beside each (a pair, questions, choices, or none) -> rows -> padded batches -> logits
         -> decode -> annotate                                         (prediction)
         -> loss, against the gold of each document                    (training)

A pipe's own file says what stands beside a document, what its gold is, and what the logits mean.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ..annotation import EntityGetter, copy_questions
from ..errors import Warnings
from ..inputs.entities import doc_ents
from ..inputs.pieces import DocPieces
from ..inputs.texts import NO_ENTITIES, TextEntities, TextRow, group_rows, text_batch
from ..inputs.titles import ENTITY_INPUTS, EntityTitles, TitleGetter, kb_id_titles
from ..training.mentions import lacks_mentions, with_mentions
from .pipe import LukePipe
from .probabilities import Floats
from .settings import require, setting
from .task import Batch, Lesson

if TYPE_CHECKING:
    from torch import Tensor

    from ..inputs.batch import Arrays
    from ..tokenizer import BaseTokenizer


class TextItems(NamedTuple):
    """Pieces of documents, what is read of them (windows, each with one of the texts beside the document), and the
    number of texts of each."""

    pieces: list[DocPieces]
    rows: list[TextRow]
    n_texts: list[int]


class RowScores(NamedTuple):
    """What the model says of one row: its logits, with a dimension of the row's length for heads on tokens."""

    row: TextRow
    logits: Floats


class DocScores(NamedTuple):
    """What the model says of one document: for each text beside it, of the windows of the document."""

    pieces: DocPieces
    texts: list[list[RowScores]]


@dataclass(eq=False, repr=False)
class TextPipe(LukePipe):
    """A published head on text.

    entity_input (str): Entities that are read with the words: "none"; "mask", for what the text says of them;
        "title", for what the model knows of them, by their titles in the entity vocabulary.
    entities (Callable): Gives the entities of a Doc, from `doc.ents` by default.
    titles (Callable): Gives the title of an entity, from `ent.kb_id_` by default. `pipe.titles` counts how many have
        one in the vocabulary.
    """

    doc_first: ClassVar[bool] = True  # whether a document stands before the text beside it
    by_token: ClassVar[bool] = False  # whether every token needs pieces of its own

    entity_input: str = setting("none")
    entities: EntityGetter = setting(make=doc_ents, config={"@misc": "spacy-luke.doc_ents.v1"})
    title_getter: TitleGetter = setting(
        make=kb_id_titles, config={"@misc": "spacy-luke.kb_id_titles.v1"}, name="titles"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds = ("none", *ENTITY_INPUTS)
        allowed = "one of " + ", ".join(kinds)
        require(self.name, self.entity_input in kinds, "entity_input", self.entity_input, allowed)
        self.titles = EntityTitles(self.title_getter) if self.entity_input == "title" else None

    # --- a pipe's own ----------------------------------------------------------------------

    def beside(self, doc: Doc) -> Sequence[str | None]:
        """RETURNS (Sequence[str | None]): The texts that a document is read with, once with each; None for alone."""
        return (None,)

    @abstractmethod
    def decode_doc(self, doc: Doc, scores: DocScores) -> Any:
        """doc (Doc): A document. scores (DocScores): The logits of all its rows.
        RETURNS (Any): What `annotate` writes; None for nothing."""

    def gold_place(self) -> str:
        """See `Task.gold_place`."""
        return f"what {type(self).__name__}.gold_of reads"

    def has_gold(self, example: Example) -> bool:
        """See `Task.has_gold`."""
        return self.gold_of(example) is not None

    @abstractmethod
    def gold_of(self, example: Example) -> Any:
        """RETURNS (Any): The gold of an example for `row_loss`, on the tokens of the predicted document; None where the
        reference isn't annotated."""

    @abstractmethod
    def row_loss(self, logits: Tensor, items: TextItems, golds: Sequence[Any]) -> Tensor | None:
        """The loss of some documents.

        logits (Tensor): Logits of their rows, padded.
        items (TextItems): The documents, all annotated.
        golds (Sequence[Any]): Their gold.
        RETURNS (Tensor | None): Shape: (). None if there is nothing to learn.
        """

    # --- the task --------------------------------------------------------------------------

    def items(self, docs: Sequence[Doc]) -> TextItems:
        """See `Task.items`: documents with what stands beside them."""
        return self.lay_out(docs, [self.beside(doc) for doc in docs])

    def lay_out(self, docs: Sequence[Doc], beside: Sequence[Sequence[str | None]]) -> TextItems:
        """docs (Sequence[Doc]): Documents. beside (Sequence[Sequence[str | None]]): The texts that each is read with.
        RETURNS (TextItems): What is read."""
        layout = self.network.layout(doc_first=self.doc_first, by_token=self.by_token)
        if self.entity_input != "none" and not self.network.words_see_entities:
            warnings.warn(Warnings.W303.format(name=self.name, kind=self.entity_input), stacklevel=2)
        entities = [self._entities(doc, layout.tokenizer) for doc in docs]
        pieces, rows = layout.rows(docs, beside, entities)
        return TextItems(pieces, rows, [len(texts) for texts in beside])

    def _entities(self, doc: Doc, tokenizer: BaseTokenizer) -> TextEntities:
        spans = () if self.entity_input == "none" else self.entities(doc)
        if not spans:
            return NO_ENTITIES
        extents = np.array([(span.start, span.end) for span in spans], dtype=np.int64)
        if self.titles is None:
            return TextEntities(extents, np.full(len(spans), tokenizer.entity_mask_id, dtype=np.int64))
        return TextEntities(extents, self.titles.ids(spans, tokenizer))

    def layouts(self, items: TextItems, budget: int) -> list[list[int]]:
        """See `Task.layouts`: rows of like length, across documents."""
        return group_rows(items.rows, budget)

    def encode(self, items: TextItems, layout: list[int]) -> Arrays:
        """See `Task.encode`."""
        return text_batch([items.rows[i] for i in layout], self.network.tokenizer)

    def decode(
        self, docs: Sequence[Doc], items: TextItems, layouts: Sequence[list[int]], outputs: Sequence[Floats]
    ) -> list[Any]:
        """See `Task.decode`, document by document."""
        scores = doc_scores(items, layouts, outputs)
        return [self.decode_doc(doc, score) for doc, score in zip(docs, scores, strict=True)]

    def given(self, predicted: Doc, reference: Doc) -> Doc | None:
        """See `Task.given`: the texts beside it, and if they are read the entities."""
        lacks = self.entity_input != "none" and lacks_mentions(self.entities, predicted, reference)
        if not lacks and list(self.beside(predicted)) == list(self.beside(reference)):
            return None
        doc = with_mentions(self.entities, predicted, reference) if lacks else predicted.copy()
        copy_questions(reference, doc)
        return doc

    def logits(self, docs: Sequence[Doc], beside: Sequence[Sequence[str | None]]) -> list[DocScores]:
        """docs (Sequence[Doc]): Documents. beside (Sequence[Sequence[str | None]]): The texts that each is read with.
        RETURNS (list[DocScores]): The logits."""
        items = self.lay_out(docs, beside)
        return doc_scores(items, *self.read(items, self.network.runner(self.max_batch_pieces)))

    def lessons(self, examples: Sequence[Example]) -> Iterator[Lesson]:
        """See `Task.lessons`: one of all, because a loss is a mean over texts whose windows lie in several batches."""
        known = [(e, gold) for e in examples if (gold := self.gold_of(e)) is not None]
        items = self.lay_out([e.predicted for e, _ in known], [self.beside(e.reference) for e, _ in known])
        if items.rows:
            layouts = self.layouts(items, self.max_batch_pieces)
            batches = [Batch(layout, self.encode(items, layout)) for layout in layouts]
            yield Lesson(batches, (items, [gold for _, gold in known]))

    def loss(self, batches: Sequence[Batch], outputs: Sequence[Tensor], targets: Any) -> Tensor | None:
        """See `Task.loss`."""
        return self.row_loss(self.network.join_rows(outputs, [batch.items for batch in batches]), *targets)


def doc_scores(items: TextItems, layouts: Sequence[list[int]], outputs: Sequence[Floats]) -> list[DocScores]:
    """Bring logits of batches back to their documents.

    items (TextItems): The documents.
    layouts (Sequence[list[int]]): The rows of each batch.
    outputs (Sequence[ndarray]): Logits of each batch. Shape: (rows, labels) or (rows, length, labels)
    RETURNS (list[DocScores]): The logits of each document.
    """
    logits: dict[int, Floats] = {}
    for layout, output in zip(layouts, outputs, strict=True):
        for place, values in zip(layout, output, strict=True):
            logits[place] = values[: len(items.rows[place])] if values.ndim == 2 else values
    scores = [DocScores(p, [[] for _ in range(n)]) for p, n in zip(items.pieces, items.n_texts, strict=True)]
    for place, row in enumerate(items.rows):
        scores[row.window.doc].texts[row.beside].append(RowScores(row, logits[place]))
    return scores


@dataclass(eq=False, repr=False)
class LabelPipe(TextPipe):
    """A text pipe with labels: those of the checkpoint, or new ones."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels. None before there are weights: spaCy asks for them in passing, and that must not load a
        model; none either while the head is untrained and no data have named its labels."""
        if not self.network.has_weights:
            return ()
        labels: tuple[str, ...] = self.network.labels
        named = any(label != f"LABEL_{i}" for i, label in enumerate(labels))
        return labels if named or self.speaks else ()

    @property
    def label_data(self) -> list[str]:
        """What `spacy init labels` saves, for `initialize`."""
        return list(self.labels)

    @property
    def meaning(self) -> str | None:
        """RETURNS (str | None): What new labels mean, where the head knows several kinds; see `LukeConfig`."""
        return None

    @abstractmethod
    def collect_labels(self, examples: Iterable[Example]) -> list[str]:
        """RETURNS (list[str]): The labels of the data, without repetition."""

    def set_labels(self, examples: Iterable[Example], labels: Sequence[str] | None) -> None:
        """See `Task.set_labels`."""
        new = list(dict.fromkeys(self.collect_labels(examples) if labels is None else labels))
        if new and set(new) != set(self.network.labels):
            self.network.set_labels(new, self.meaning)


def mean_logits(rows: Sequence[RowScores]) -> Floats:
    """rows (Sequence[RowScores]): Windows of one text. RETURNS (ndarray): Mean of their logits. Shape: (labels,)"""
    mean: Floats = np.mean([row.logits for row in rows], axis=0)
    return mean
