"""From masked-entity predictions to the entities of a document's mentions, the most confident first.

Yamada et al., 2022, "Global Entity Disambiguation with BERT", https://aclanthology.org/2022.naacl-main.238:
all mentions begin as [MASK]; in each step the one that the model is surest of becomes the entity that it predicts, and
what is known of one mention helps with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import Errors
from ..inputs.batch import Arrays, Bools, window_batch
from ..inputs.batching import batch_windows, word_sizes
from ..inputs.mentions import Placement
from ..inputs.pieces import DocPieces, Ints
from ..inputs.windows import Window
from .probabilities import Floats
from .task import Batch

if TYPE_CHECKING:
    from ..layers.threads import Runner
    from ..tokenizer import BaseTokenizer, EntityVocab

Links = list[tuple[int, float]]  # entities with their probabilities, best first

# How many entities of a larger vocabulary a mention is asked about again. Those that seemed less probable won't become
# the best, and together keep the probability that they had. All of them again would cost the square of the mentions.
SHORTLIST = 100


@dataclass
class DocMentions:
    """The mentions of one document, and what they are read as.

    pieces (DocPieces): The document's pieces.
    windows (list[Window]): Its windows.
    placement (Placement): Which mentions are read in which window.
    ids (ndarray): What each mention is read as: [MASK], or an entity. Shape: (n_mentions,)
    candidates (list[ndarray] | None): The entities that each mention may be of; None for all.
    priors (list[ndarray] | None): What is added to the logits of each mention's candidates.
    others (list[float] | None): The logarithm of the weight of all that isn't among each mention's candidates.
    """

    pieces: DocPieces
    windows: list[Window]
    placement: Placement
    ids: Ints
    candidates: list[Ints] | None = None
    priors: list[Floats] | None = None
    others: list[float] | None = None

    @property
    def answerable(self) -> Ints:
        """RETURNS (ndarray): Mentions that have word pieces, and may be of some entity. Shape: (n,)"""
        found = self.placement.home >= 0
        if self.candidates is not None:
            found &= np.array([len(ids) > 0 for ids in self.candidates], dtype=np.bool_)
        return np.flatnonzero(found)


def masked_batches(
    docs: Sequence[DocMentions], asked: Sequence[Ints], tokenizer: BaseTokenizer, budget: int
) -> Iterator[Batch]:
    """Ask about each mention in the window that shows most context around it.

    docs (Sequence[DocMentions]): The documents.
    asked (Sequence[ndarray]): The mentions of each that are asked about. Shape: (n,) each.
    tokenizer (BaseTokenizer): The model's tokenizer.
    budget (int): Most tokens of a padded batch, word pieces and entities.
    YIELDS (Batch): The batch; its items are document and mention of each row of answers.
    """
    rows = []  # of each window that is read: its document, its mentions, and the places of those that are asked about
    for doc, mentions in zip(docs, asked, strict=True):
        for number, inside in enumerate(doc.placement.mentions):
            here = (doc.placement.home[inside] == number) & np.isin(inside, mentions)
            if here.any():
                rows.append((doc, doc.windows[number], inside, np.flatnonzero(here)))
    if not rows:
        return
    sizes = np.column_stack([word_sizes([row[1] for row in rows]), [len(row[2]) for row in rows]])
    order = np.lexsort(sizes.T[::-1])
    pieces = [doc.pieces for doc in docs]
    for batch in batch_windows(sizes[order], budget):
        owners, windows, members, places = zip(*(rows[i] for i in order[batch]), strict=True)
        items = [
            (window.doc, int(m))
            for window, inside, at in zip(windows, members, places, strict=True)
            for m in inside[at]
        ]
        named = [(docs[doc].candidates, m) for doc, m in items]  # all with candidates, or none
        candidates = [ids[m] for ids, m in named if ids is not None] or None
        extents = [doc.placement.extents[inside] for doc, inside in zip(owners, members, strict=True)]
        ids = [doc.ids[inside] for doc, inside in zip(owners, members, strict=True)]
        words = window_batch(windows, pieces, tokenizer).with_mentions(members, extents, ids=ids)
        yield Batch(items, words.with_masked(places, candidates, tokenizer.max_mention_length).inputs)


def possible_rows(vocab: EntityVocab, n_rows: int) -> Bools:
    """vocab (EntityVocab): The entity vocabulary. n_rows (int): Rows of the entity table.
    RETURNS (ndarray): True for rows that have a title and aren't of a special entity. Shape: (n_rows,)
    RAISES (ValueError): If a special entity has no row."""
    special = [vocab.pad_id, vocab.unk_id, vocab.mask_id, vocab.mask2_id]
    if not 0 <= min(special) <= max(special) < n_rows:
        hint = ", and check that tokenizer and model belong together"
        raise ValueError(Errors.L262.format(name="Special entities", last=n_rows - 1, hint=hint))
    possible = np.zeros(n_rows, dtype=np.bool_)
    possible[vocab.ids[vocab.ids < n_rows]] = True
    possible[special] = False
    return possible


def highest_places(scores: Floats, n: int) -> Ints:
    """Where the highest scores are, without sorting the others: a vocabulary has half a million.

    scores (ndarray): Shape: (n_scores,)
    n (int): How many places.
    RETURNS (ndarray): The places, the highest score first, of equal ones the first. Shape: (n,) or fewer
    """
    places = np.arange(len(scores))
    if n < len(scores):
        places = np.flatnonzero(scores >= np.partition(scores, len(scores) - n)[len(scores) - n])
    return places[np.argsort(-scores[places], kind="stable")[:n]]


class _Answer(NamedTuple):
    """What the model says of one mention: the best entities, those that may still be the best, and the logarithm of the
    weight of all others."""

    best: Links
    short: Ints
    others: float


def _shorten(doc: DocMentions, answers: Mapping[int, _Answer]) -> None:
    """From now on, only ask about what a first look at the vocabulary has left."""
    nothing = np.zeros(0, dtype=np.int64)
    known = [answers.get(mention) for mention in range(len(doc.ids))]
    doc.candidates = [nothing if answer is None else answer.short for answer in known]
    doc.others = [-np.inf if answer is None else answer.others for answer in known]


@dataclass(frozen=True)
class Linker:
    """Links the mentions of documents.

    batches (Callable): Documents, and the mentions of each that are asked about, to batches.
    predict (Callable): The model: a batch to logits. Shape: (n_asked, n_candidates or entity_vocab_size)
    run (Runner): Does what is to be done with each batch, in threads.
    possible (ndarray): True for rows of the entity table that are entities. Shape: (entity_vocab_size,)
    steps (int | None): Most predictions for one mention; None for as many as there are mentions.
    threshold (float): Least probability of an entity.
    n_best (int): How many entities to tell for each mention.
    """

    batches: Callable[[Sequence[DocMentions], Sequence[Ints]], Iterator[Batch]]
    predict: Callable[[Arrays], Floats]
    run: Runner
    possible: Bools
    steps: int | None
    threshold: float
    n_best: int

    def link(self, docs: Sequence[DocMentions]) -> list[list[Links]]:
        """Link all mentions. What they are read as changes on the way.

        docs (Sequence[DocMentions]): The documents.
        RETURNS (list[list[Links]]): The best entities of each mention of each document; none where nothing can be said.
        """
        found: list[list[Links]] = [[[] for _ in doc.ids] for doc in docs]
        if not self.possible.any():  # a vocabulary that training is yet to fill
            return found
        waiting = [doc.answerable for doc in docs]
        step = 0
        while any(map(len, waiting)):
            batches = list(self.batches(docs, waiting))
            answers = self.run.each(lambda b: self._answers(docs, b), batches)
            short: list[dict[int, _Answer]] = [{} for _ in docs]
            for batch, rows in zip(batches, answers, strict=True):
                for (at, mention), answer in zip(batch.items, rows, strict=True):
                    found[at][mention] = answer.best
                    short[at][mention] = answer
            for doc, of_doc in zip(docs, short, strict=True):
                if doc.candidates is None and len(self._entities) > SHORTLIST:
                    _shorten(doc, of_doc)
            step += 1
            left = None if self.steps is None else self.steps - step
            waiting = [
                self._resolve(doc, mentions, best, left)
                for doc, mentions, best in zip(docs, waiting, found, strict=True)
            ]
        return found

    @cached_property
    def _entities(self) -> Ints:
        """All rows of the table that are entities."""
        return np.flatnonzero(self.possible)

    def _answers(self, docs: Sequence[DocMentions], batch: Batch) -> list[_Answer]:
        """The best entities of the mentions of a batch. Their logits, one an entity of the vocabulary, aren't kept."""
        logits = self.predict(batch.inputs)
        return [self._answer(docs[at], m, row) for (at, m), row in zip(batch.items, logits, strict=True)]

    def _answer(self, doc: DocMentions, mention: int, logits: Floats) -> _Answer:
        if doc.candidates is None:
            ids = self._entities[: np.searchsorted(self._entities, len(logits))]
            scores = logits[ids]
        else:
            ids = doc.candidates[mention]
            scores = logits[: len(ids)]
        if doc.priors is not None:
            scores = scores + doc.priors[mention]
        if np.isnan(scores.max()):
            raise ValueError(Errors.L392)
        weights = np.exp(scores - scores.max())
        total, highest = float(weights.sum(dtype=np.float64)), float(scores.max())
        if doc.others is not None:
            total += float(np.exp(doc.others[mention] - highest))
        order = highest_places(scores, max(self.n_best, SHORTLIST) if doc.candidates is None else self.n_best)
        best = [(int(ids[i]), float(weights[i]) / total) for i in order[: self.n_best]]
        rest = max(total - float(weights[order].sum(dtype=np.float64)), 0.0)
        return _Answer(best, ids[order], highest + float(np.log(rest)) if rest > 0 else -np.inf)

    def _resolve(self, doc: DocMentions, waiting: Ints, found: Sequence[Links], left: int | None) -> Ints:
        """In each window, read the mentions that are surest as their entities. RETURNS (ndarray): The others."""
        if left == 0:
            return waiting[:0]
        open_ = []
        for window in np.unique(doc.placement.home[waiting]):
            here = waiting[doc.placement.home[waiting] == window]
            n = 1 if left is None else -(-len(here) // (left + 1))
            sure = sorted(here.tolist(), key=lambda m: (-found[m][0][1], m))
            for mention in sure[:n]:
                id_, score = found[mention][0]
                if score >= self.threshold:
                    doc.ids[mention] = id_
            open_ += sure[n:]
        return np.array(sorted(open_), dtype=np.int64)
