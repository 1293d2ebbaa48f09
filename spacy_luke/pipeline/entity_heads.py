"""What the pipes with published heads on entities have in common.

docs -> what is asked of each (mentions, pairs, candidates) -> excerpts -> batches of excerpts of like size
     -> logits of all that was asked, document by document -> predictions, or with the gold a loss
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.training import Example

from ..inputs.batching import batch_windows
from ..inputs.excerpts import Excerpt, TextSizes, text_sizes
from ..inputs.pieces import Ints
from .decode import Threshold
from .entities import PARTS, EntityPipe, Request
from .gold import Gold
from .label_data import FIELDS, LabelData
from .pairs import PairFilter
from .prediction import Prediction
from .probabilities import Floats
from .task import Batch, Lesson

if TYPE_CHECKING:
    from torch import Tensor

    from ..inputs.batch import Arrays
    from ..inputs.encode import ExcerptEncoder
    from ..nn.joint_config import JointConfig


class Subject(NamedTuple):
    """A document, the sizes of its parts, and what is known of it.

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


class EntityItems(NamedTuple):
    """Documents, the sizes of their parts, what is asked about each, the requests that it comes from, none of these in
    training, and what encodes excerpts."""

    docs: Sequence[Doc]
    sizes: list[TextSizes]
    asked: list[Asked]
    requests: list[Request]
    encoder: ExcerptEncoder


@dataclass(eq=False, repr=False)
class EntityHeadPipe(EntityPipe):
    """A published head on entities: one answer for each mention, pair or candidate."""

    part: ClassVar[str]  # of `PARTS`
    none_name: ClassVar[str | None] = None  # what a new head calls the label that says "none", if it has one

    @property
    def parts(self) -> tuple[str, ...]:
        """See `EntityPipe.parts`."""
        return (self.part,)

    @property
    def joint(self) -> JointConfig:
        """The labels, without the one that says "none"."""
        heads: JointConfig = self.network.heads(FIELDS[self.part], PARTS[self.part])
        return heads

    @property
    def speaks(self) -> bool:
        """See `Task.speaks`."""
        return bool(self.network.is_trained)

    @property
    def default_thresholds(self) -> dict[str, Threshold]:
        """See `EntityPipe.default_thresholds`: 0 for a choice among labels, of which the best one counts."""
        names = ("relations", "facts") if self.part == "relations" else self.parts
        return dict.fromkeys(names, 0.5 if self.network.is_multi_label else 0.0)

    @property
    def widest(self) -> int | None:
        """See `EntityPipe.widest`. A suggester has a limit of its own."""
        return self.network.settings.max_span_width if self.suggester is None else None

    # --- what a pipe has of its own --------------------------------------------------------

    @abstractmethod
    def ask(self, subject: Subject) -> Asked:
        """RETURNS (Asked): What is asked about a document."""

    @abstractmethod
    def excerpts(self, doc: int, sizes: TextSizes, asked: Asked, room: int) -> Iterator[Excerpt]:
        """Choose where a document is read.

        doc (int): Its index.
        sizes (TextSizes): Sizes of its parts.
        asked (Asked): What is asked about it.
        room (int): Most word pieces of an excerpt.
        YIELDS (Excerpt): Every item in one of them, or in none if there is no room for it.
        """

    @abstractmethod
    def decode_doc(self, request: Request, asked: Asked, logits: Floats) -> Prediction:
        """What the logits say of a document.

        request (Request): What is asked about it.
        asked (Asked): What the model was asked.
        logits (ndarray): Scores; NaN for what couldn't be read. Shape: (n_items, all labels)
        RETURNS (Prediction): The prediction.
        """

    @abstractmethod
    def targets(self, asked: Asked, gold: Gold) -> NDArray[Any]:
        """The right answers.

        asked (Asked): What is asked.
        gold (Gold): The document's gold.
        RETURNS (ndarray): True for each label that may be right, all of them where nothing is known; or for independent
            labels 0 or 1 for each, -100 for what isn't known. Shape: (n_items, labels)
        """

    # --- the task --------------------------------------------------------------------------

    def items(self, docs: Sequence[Doc]) -> EntityItems:
        """See `Task.items`."""
        requests = [self.request(doc) for doc in docs]
        sizes = text_sizes(docs, docs, self.network.tokenizer)
        asked = []
        for doc, request, size in zip(docs, requests, sizes, strict=True):
            extents, labels = [given[:2] for given in request.given], [given[2] for given in request.given]
            near = self.limits.near(doc, extents)
            subject = Subject(doc, size, _array(extents), labels, near, request.ids)
            asked.append(self.ask(subject) if request.find or self.part != "ner" else NOTHING)
        return EntityItems(docs, sizes, asked, requests, self.network.encoder())

    def layouts(self, items: EntityItems, budget: int) -> list[list[Excerpt]]:
        """See `Task.layouts`: excerpts of like size, from all documents."""
        sizes, encode, excerpts = items.sizes, items.encoder, list[Excerpt]()
        for doc, (size, asked) in enumerate(zip(sizes, items.asked, strict=True)):
            excerpts += self.excerpts(doc, size, asked, encode.room)
        n_special = encode.longest - encode.room
        words = [min(sizes[e.doc].count(e.start, e.end), encode.room) + n_special for e in excerpts]
        table = np.column_stack([words, [len(e.spans) for e in excerpts]]).astype(np.int64)
        order = np.argsort(table.sum(axis=1), kind="stable")
        return [[excerpts[i] for i in order[batch]] for batch in batch_windows(table[order], budget)]

    def encode(self, items: EntityItems, layout: list[Excerpt]) -> Arrays:
        """See `Task.encode`."""
        return items.encoder(layout, items.docs)

    def decode(
        self,
        docs: Sequence[Doc],
        items: EntityItems,
        layouts: Sequence[list[Excerpt]],
        outputs: Sequence[Floats],
    ) -> list[Prediction]:
        """See `Task.decode`, document by document."""
        n_labels = len(self.network.labels)
        logits = [np.full((len(a.items), n_labels), np.nan, dtype=np.float32) for a in items.asked]
        for excerpts, rows in zip(layouts, outputs, strict=True):
            ends = np.cumsum([len(excerpt.items) for excerpt in excerpts])
            for excerpt, part in zip(excerpts, np.split(rows, ends[:-1]), strict=True):
                logits[excerpt.doc][excerpt.items] = part
        return list(map(self.decode_doc, items.requests, items.asked, logits))

    def lessons(self, examples: Sequence[Example]) -> Iterator[Lesson]:
        """See `Task.lessons`: one a batch, weighted by its share of what is known."""
        docs = [example.predicted for example in examples]
        golds = [self.gold(example) for example in examples]
        sizes = text_sizes(docs, [_with_sentences(example) for example in examples], self.network.tokenizer)
        asked = []
        for doc, size, gold in zip(docs, sizes, golds, strict=True):
            subject = Subject(doc, size, _array(gold.mentions), None, gold.near, self.title_ids(gold.spans))
            known = {"ner": gold.entities, "labels": gold.labels, "relations": gold.relations}
            asked.append(NOTHING if known[self.part] is None else self.ask(subject))
        targets = [self.targets(a, gold) for a, gold in zip(asked, golds, strict=True)]
        items = EntityItems(docs, sizes, asked, [], self.network.encoder())
        layouts = self.layouts(items, self.max_batch_pieces)
        rows = [np.concatenate([targets[e.doc][e.items] for e in excerpts]) for excerpts in layouts]
        # Of exclusive labels each row counts that says something, of independent ones each label.
        counts = [int((~r.all(-1) if r.dtype == np.bool_ else r != -100).sum()) for r in rows]
        for excerpts, part, count in zip(layouts, rows, counts, strict=True):
            if count:
                yield Lesson([Batch(excerpts, self.encode(items, excerpts))], (part, count / sum(counts)))

    def loss(self, batches: Sequence[Batch], outputs: Sequence[Tensor], targets: Any) -> Tensor:
        """See `Task.loss`."""
        rows, share = targets
        loss: Tensor = self.network.loss(outputs[0], batches[0].inputs, rows) * share
        return loss

    def make_heads(self, data: LabelData) -> bool:
        """See `EntityPipe.make_heads`."""
        new, old = list(getattr(data, self.part)), getattr(self.joint, FIELDS[self.part])
        if not new or set(new) == set(old):
            return False
        settings = self.network.settings
        none = settings.outside or self.none_name
        alone = settings.multi_label or none is None
        ids = data.relations if self.part == "relations" else {}
        self.network.make_head(new if alone or none in new else [str(none), *new], ids)
        return True


def _array(extents: Sequence[tuple[int, int]]) -> Ints:
    return np.array(extents, dtype=np.int64).reshape(-1, 2)


NOTHING = Asked(_array([]), np.zeros((0, 1), dtype=np.int64))


def _with_sentences(example: Example) -> Doc:
    """The predicted document, or if it has no sentence boundaries the reference."""
    return example.predicted if example.predicted.has_annotation("SENT_START") else example.reference
