"""What the forms of the published heads on entities share.

docs -> what is asked of each (mentions, pairs, candidates) -> excerpts -> batches of excerpts of like size
     -> logits of all that was asked, document by document -> readings, or with the gold a loss
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...inputs.batching import batch_windows
from ...inputs.excerpts import Excerpt, TextSizes, text_sizes
from ...inputs.pieces import Ints
from ...nn.joint_config import JointConfig
from ..decode import Threshold
from ..gold import Gold, read_gold
from ..label_data import FIELDS, LabelData
from ..pairs import PairFilter
from ..reading import Floats, Question, Reading
from .form import HEADS, Form, Learned, Settings

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.training import Example

    from ...inputs.encode import ExcerptEncoder


@dataclass(frozen=True)
class Subject:
    """One document, and what is known of it.

    doc (Doc): The document.
    sizes (TextSizes): Sizes of its parts.
    mentions (ndarray): Token extents of its mentions. Shape: (n_mentions, 2)
    labels (list[str] | None): Their labels; None in training, where no pair is left out for them.
    near (PairFilter | None): Tells which pairs of them are within the reach of relations; None if nobody asks.
    ids (ndarray | None): Which entity of the vocabulary each is read as; None for [MASK]. Shape: (n_mentions,)
    """

    doc: Doc
    sizes: TextSizes
    mentions: Ints
    labels: list[str] | None
    near: PairFilter | None
    ids: Ints | None


@dataclass(frozen=True)
class Asked:
    """What is asked about one document.

    extents (ndarray): Token extents of its mentions, or of its candidates. Shape: (n_extents, 2)
    items (ndarray): Which of them each answer is about: one, or head and tail. Shape: (n_items, 1 or 2)
    ids (ndarray | None): Which entity of the vocabulary each is read as; None for [MASK]. Shape: (n_extents,)
    """

    extents: Ints
    items: Ints
    ids: Ints | None = None


class HeadForm(Form):
    """A published head on entities: one answer for each mention, pair or candidate.

    model (Model): From `layers.entity_head`.
    """

    task: ClassVar[str]
    none_name: ClassVar[str | None] = None  # what a new head calls the label that says "none", if it has one

    @property
    def tasks(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The one task."""
        return (self.task,)

    @property
    def writes_vectors(self) -> bool:
        """RETURNS (bool): False: vectors come from the form that reads all entities at once."""
        return False

    @property
    def heads(self) -> JointConfig:
        """RETURNS (JointConfig): The labels, without the one that says "none"."""
        from ...layers.entity_head import is_multi_label, relation_ids

        labels, untrained = self._labels(), self._is_untrained()
        nameless = untrained and labels == [f"LABEL_{i}" for i in range(len(labels))]
        return JointConfig(
            **{FIELDS[self.task]: () if nameless else tuple(labels[i] for i in self._columns())},  # type: ignore[arg-type]
            multi_label=is_multi_label(self.model),
            relation_ids=relation_ids(self.model),
            untrained=(HEADS[self.task],) if untrained else (),
        )

    @property
    def thresholds(self) -> dict[str, Threshold]:
        """RETURNS (dict[str, Threshold]): None for a choice among labels: the best one counts, however sure."""
        tasks = ("relations", "facts") if self.task == "relations" else (self.task,)
        return dict.fromkeys(tasks, 0.5 if self.heads.multi_label else 0.0)

    def _head(self) -> Any:
        from ...layers.head import get_head

        return get_head(self.model)

    def _is_untrained(self) -> bool:
        """Whether the classifier is new. An encoder's pooling layer may be, too: nothing here reads it."""
        return "classifier" in self._head().untrained

    def _labels(self) -> list[str]:
        return list(self._head().config.id2label.values())

    def _outside(self) -> int | None:
        from ...layers.entity_head import outside_label

        return outside_label(self.model)

    def _columns(self) -> list[int]:
        """Indices of the labels, without the one that says "none"."""
        outside = self._outside()
        return [i for i in range(len(self._labels())) if i != outside]

    # --- what a form has of its own --------------------------------------------------------

    @abstractmethod
    def ask(self, subject: Subject, settings: Settings) -> Asked:
        """Choose what is asked about a document.

        subject (Subject): The document.
        settings (Settings): How.
        RETURNS (Asked): What is asked.
        """

    @abstractmethod
    def excerpts(self, doc: int, sizes: TextSizes, asked: Asked, room: int) -> Iterator[Excerpt]:
        """Choose where it is read.

        doc (int): Index of the document.
        sizes (TextSizes): Sizes of its parts.
        asked (Asked): What is asked about it.
        room (int): Most word pieces of an excerpt.
        YIELDS (Excerpt): Every item in one of them, or in none if there is no room for it.
        """

    @abstractmethod
    def answer(self, question: Question, asked: Asked, logits: Floats, settings: Settings) -> Reading:
        """Decide.

        question (Question): What is asked of the document.
        asked (Asked): What was asked of the model.
        logits (ndarray): Scores; NaN for what couldn't be read. Shape: (n_items, all labels)
        settings (Settings): How.
        RETURNS (Reading): What the model says.
        """

    @abstractmethod
    def targets(self, asked: Asked, gold: Gold) -> NDArray[Any]:
        """Find the right answers.

        asked (Asked): What is asked.
        gold (Gold): The document's gold.
        RETURNS (ndarray): A class for each item, shape (n_items,), or for independent labels 0 or 1 for each, shape
            (n_items, labels); -100 for what is not known.
        """

    # --- reading ---------------------------------------------------------------------------

    def read(self, docs: Sequence[Doc], questions: Sequence[Question], settings: Settings) -> list[Reading]:
        """See `Form.read`."""
        from ...layers.entity_head import rows_of
        from ...layers.threads import batches_at_once, predict_at_once

        if HEADS[self.task] in self.heads.untrained:
            return [Reading(mentions=list(question.given)) for question in questions]
        subjects = self._subjects(docs, questions, settings)
        asked = [
            self.ask(subject, settings) if question.find or self.task != "ner" else NOTHING
            for subject, question in zip(subjects, questions, strict=True)
        ]
        logits = [np.full((len(a.items), len(self._labels())), np.nan, dtype=np.float32) for a in asked]
        encode = self._encoder()
        at_once = batches_at_once(self.model, settings.batch_pieces)
        share = settings.batch_pieces // at_once
        batches = [
            (excerpts, encode(excerpts, docs))
            for excerpts in self._batches([s.sizes for s in subjects], asked, encode, share)
        ]
        answers = predict_at_once(
            lambda batch: rows_of(self.model.predict(batch[1]), batch[1]).cpu().numpy(), batches, at_once
        )
        for (excerpts, _), rows in zip(batches, answers, strict=True):
            for excerpt, part in zip(excerpts, _split(rows, excerpts), strict=True):
                logits[excerpt.doc][excerpt.items] = part
        return [
            self.answer(question, a, rows, settings)
            for question, a, rows in zip(questions, asked, logits, strict=True)
        ]

    def _subjects(
        self, docs: Sequence[Doc], questions: Sequence[Question], settings: Settings
    ) -> list[Subject]:
        subjects = []
        for doc, question, sizes in zip(docs, questions, self._sizes(docs, docs), strict=True):
            extents = [given[:2] for given in question.given]
            labels = [given[2] for given in question.given]
            near = settings.limits.near(doc, extents)
            subjects.append(Subject(doc, sizes, _array(extents), labels, near, question.ids))
        return subjects

    def _sizes(self, docs: Sequence[Doc], split: Sequence[Doc]) -> list[TextSizes]:
        from ...layers.weights import get_tokenizer

        return text_sizes(docs, split, get_tokenizer(self.model))

    def _encoder(self) -> ExcerptEncoder:
        from ...layers.entity_head import excerpt_encoder

        return excerpt_encoder(self.model)

    def _batches(
        self, sizes: Sequence[TextSizes], asked: Sequence[Asked], encode: ExcerptEncoder, budget: int
    ) -> Iterator[list[Excerpt]]:
        """Padded batches of excerpts of like size, from all documents, within the budget of tokens."""
        excerpts = [
            excerpt
            for doc, (size, a) in enumerate(zip(sizes, asked, strict=True))
            for excerpt in self.excerpts(doc, size, a, encode.room)
        ]
        n_special = encode.longest - encode.room
        words = [min(sizes[e.doc].count(e.start, e.end), encode.room) + n_special for e in excerpts]
        table = np.column_stack([words, [len(e.spans) for e in excerpts]]).astype(np.int64)
        order = np.argsort(table.sum(axis=1), kind="stable")
        for batch in batch_windows(table[order], budget):
            yield [excerpts[i] for i in order[batch]]

    # --- learning --------------------------------------------------------------------------

    def set_labels(self, data: LabelData) -> bool:
        """See `Form.set_labels`."""
        from ...layers import entity_head

        new, old = list(getattr(data, self.task)), getattr(self.heads, FIELDS[self.task])
        if not new or set(new) == set(old):
            return False
        settings: entity_head.EntityHeadSettings = self.model.attrs["settings"]
        none = settings.outside or self.none_name
        alone = settings.multi_label or none is None
        ids = data.relations if self.task == "relations" else {}
        entity_head.set_labels(self.model, new if alone or none in new else [str(none), *new], ids)
        return True

    def learn(self, examples: Sequence[Example], settings: Settings) -> Learned:
        """See `Form.learn`. A batch's gradients are taken before the next one is read."""
        from ...layers.entity_head import is_multi_label, label_loss, rows_of

        docs = [example.predicted for example in examples]
        golds = [self._gold(example, settings) for example in examples]
        sizes = self._sizes(docs, [_with_sentences(example) for example in examples])
        asked = [
            self.ask(self._subject(doc, size, gold, settings), settings) if self._is_known(gold) else NOTHING
            for doc, size, gold in zip(docs, sizes, golds, strict=True)
        ]
        targets = [self.targets(a, gold) for a, gold in zip(asked, golds, strict=True)]
        encode = self._encoder()
        batches = list(self._batches(sizes, asked, encode, settings.batch_pieces))
        gold_rows = [np.concatenate([targets[e.doc][e.items] for e in batch]) for batch in batches]
        counts = [int((rows != -100).sum()) for rows in gold_rows]
        loss = 0.0
        for excerpts, rows, count in zip(batches, gold_rows, counts, strict=True):
            if not count:
                continue
            batch = encode(excerpts, docs)
            logits, backprop = self.model.begin_update(batch)
            part = label_loss(rows_of(logits, batch), rows, is_multi_label(self.model)) * (
                count / sum(counts)
            )
            part.backward()  # type: ignore[no-untyped-call]
            backprop(logits)
            loss += float(part.detach())
        return Learned(loss)

    def _gold(self, example: Example, settings: Settings) -> Gold:
        def near(spans: Sequence[Span]) -> PairFilter:
            return settings.limits.near(example.reference, [(span.start, span.end) for span in spans])

        return read_gold(example, settings.entities, near)

    def _subject(self, doc: Doc, sizes: TextSizes, gold: Gold, settings: Settings) -> Subject:
        from ...layers.weights import get_tokenizer

        titles = settings.titles
        ids = None if titles is None else titles.ids(gold.spans, get_tokenizer(self.model))
        return Subject(doc, sizes, _array(gold.mentions), None, gold.near, ids)

    def _is_known(self, gold: Gold) -> bool:
        """Whether a document is annotated for the task."""
        return {"ner": gold.entities, "labels": gold.labels, "relations": gold.relations}[
            self.task
        ] is not None


def _array(extents: Sequence[tuple[int, int]]) -> Ints:
    return np.array(extents, dtype=np.int64).reshape(-1, 2)


NOTHING = Asked(_array([]), np.zeros((0, 1), dtype=np.int64))


def _split(rows: Floats, excerpts: Sequence[Excerpt]) -> list[Floats]:
    return np.split(rows, np.cumsum([len(excerpt.items) for excerpt in excerpts])[:-1])


def _with_sentences(example: Example) -> Doc:
    """The predicted document, or if it has no sentence boundaries the reference."""
    return example.predicted if example.predicted.has_annotation("SENT_START") else example.reference
