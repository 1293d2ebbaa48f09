"""From masked-entity predictions to the entities of a document's mentions, the most confident first.

Yamada et al., 2022, "Global Entity Disambiguation with BERT", https://aclanthology.org/2022.naacl-main.238:
all mentions begin as [MASK]; in each step the one that the model is surest of becomes the entity that it predicts, and
what is known of one mention helps with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..inputs.batch import Arrays, window_batch
from ..inputs.batching import batch_windows, word_sizes
from ..inputs.mentions import Placement, place_mentions
from ..inputs.pieces import DocPieces, Ints
from ..inputs.windows import Window, make_windows
from .probabilities import Floats
from .task import Batch

if TYPE_CHECKING:
    from ..layers.threads import Runner
    from ..tokenizer import LukeTokenizer


@dataclass
class DocMentions:
    """The mentions of one document, and what they are read as.

    windows (list[Window]): The document's windows.
    placement (Placement): Which mentions are read in which window.
    ids (ndarray): What each mention is read as: [MASK], or an entity. Shape: (n_mentions,)
    candidates (list[ndarray] | None): The entities that each mention may be of; None for all.
    """

    windows: list[Window]
    placement: Placement
    ids: Ints
    candidates: list[Ints] | None

    @property
    def answerable(self) -> Ints:
        """RETURNS (ndarray): Mentions that have word pieces, and may be of some entity. Shape: (n,)"""
        found = self.placement.home >= 0
        if self.candidates is not None:
            found &= np.array([len(ids) > 0 for ids in self.candidates], dtype=np.bool_)
        return np.flatnonzero(found)


def place_in_windows(
    doc: int,
    pieces: DocPieces,
    spans: Sequence[tuple[int, int]],
    sizes: tuple[int, int],
    ids: Ints,
    candidates: list[Ints] | None,
) -> DocMentions:
    """Decide where the mentions of a document are read.

    doc (int): Index of the document in its batch.
    pieces (DocPieces): Its pieces.
    spans (Sequence[tuple[int, int]]): Token extents of the mentions.
    sizes (tuple[int, int]): Most pieces of a window, and how many consecutive ones share.
    ids (ndarray): What each mention is read as. Shape: (n_mentions,)
    candidates (list[ndarray] | None): The entities that each may be of; None for all.
    RETURNS (DocMentions): The mentions.
    """
    windows = make_windows(doc, pieces, *sizes)
    return DocMentions(windows, place_mentions(windows, pieces, spans, pairs=False), ids, candidates)


@dataclass(frozen=True)
class MaskedLayout:
    """Lays the mentions that are asked about into batches.

    pieces (Sequence[DocPieces]): Pieces of all documents.
    tokenizer (LukeTokenizer): The model's tokenizer.
    budget (int): Most tokens of a padded batch, word pieces and entities.
    """

    pieces: Sequence[DocPieces]
    tokenizer: LukeTokenizer
    budget: int

    def batches(self, docs: Sequence[DocMentions], asked: Sequence[Ints]) -> Iterator[Batch]:
        """Each mention is asked about in the window that shows most context around it.

        docs (Sequence[DocMentions]): The documents.
        asked (Sequence[ndarray]): The mentions of each that are asked about. Shape: (n,) each.
        YIELDS (Batch): The batch; its items are document and mention of each row of answers.
        """
        rows = [
            (
                doc,
                number,
                np.flatnonzero((doc.placement.home[members] == number) & np.isin(members, mentions)),
            )
            for doc, mentions in zip(docs, asked, strict=True)
            for number, members in enumerate(doc.placement.mentions)
        ]
        rows = [row for row in rows if len(row[2])]
        if not rows:
            return
        members = [doc.placement.mentions[number] for doc, number, _ in rows]
        lengths = word_sizes([doc.windows[number] for doc, number, _ in rows])
        sizes = np.column_stack([lengths, [len(m) for m in members]])
        order = np.lexsort(sizes.T[::-1])
        for batch in batch_windows(sizes[order], self.budget):
            yield self._batch([(*rows[i], members[i]) for i in order[batch]])

    def _batch(self, rows: Sequence[tuple[DocMentions, int, Ints, Ints]]) -> Batch:
        windows = [doc.windows[number] for doc, number, _, _ in rows]
        members = [m for *_, m in rows]
        asked = [(doc, int(m)) for doc, _, places, inside in rows for m in inside[places]]
        candidates = None
        if rows[0][0].candidates is not None:
            candidates = [doc.candidates[m] for doc, m in asked if doc.candidates is not None]
        batch = (
            window_batch(windows, self.pieces, self.tokenizer)
            .with_mentions(
                members,
                [doc.placement.extents[m] for doc, _, _, m in rows],
                ids=[doc.ids[m] for doc, _, _, m in rows],
            )
            .with_masked([places for *_, places, _ in rows], candidates, self.tokenizer.max_mention_length)
        )
        return Batch([(doc.windows[0].doc, m) for doc, m in asked], batch.inputs)


@dataclass(frozen=True)
class Linker:
    """Links the mentions of documents.

    layout (MaskedLayout): Makes batches.
    predict (Callable): The model: a batch to logits. Shape: (n_asked, n_candidates or entity_vocab_size)
    run (Runner): Does what is to be done with each batch, in threads.
    possible (ndarray): True for rows of the entity table that are entities. Shape: (entity_vocab_size,)
    steps (int | None): Most predictions for one mention; None for as many as there are mentions.
    threshold (float): Least probability of an entity.
    n_best (int): How many entities to tell for each mention.
    """

    layout: MaskedLayout
    predict: Callable[[Arrays], Floats]
    run: Runner
    possible: NDArray[np.bool_]
    steps: int | None
    threshold: float
    n_best: int

    def link(
        self, docs: Sequence[DocMentions], priors: Sequence[Sequence[Floats]] | None
    ) -> list[list[list[tuple[int, float]]]]:
        """Link all mentions. What they are read as changes on the way.

        docs (Sequence[DocMentions]): The documents.
        priors (Sequence[Sequence[ndarray]] | None): What is added to the logits of each mention's candidates.
        RETURNS (list[list[list[tuple[int, float]]]]): For each mention of each document the best entities with
            their probabilities; none where nothing can be said.
        """
        found: list[list[list[tuple[int, float]]]] = [[[] for _ in doc.ids] for doc in docs]
        if not self.possible.any():  # a vocabulary that training is yet to fill
            return found
        waiting = [doc.answerable for doc in docs]
        step = 0
        while any(map(len, waiting)):
            batches = list(self.layout.batches(docs, waiting))
            for answers in self.run.each(lambda batch: self._best(docs, batch, priors), batches):
                for (at, mention), best in answers:
                    found[at][mention] = best
            step += 1
            left = None if self.steps is None else self.steps - step
            waiting = [
                self._resolve(doc, mentions, best, left)
                for doc, mentions, best in zip(docs, waiting, found, strict=True)
            ]
        return found

    def _best(
        self, docs: Sequence[DocMentions], batch: Batch, priors: Sequence[Sequence[Floats]] | None
    ) -> list[tuple[tuple[int, int], list[tuple[int, float]]]]:
        """The best entities of the mentions of a batch. Their logits, one an entity of the vocabulary, aren't kept."""
        best = []
        for (at, mention), logits in zip(batch.items, self.predict(batch.inputs), strict=True):
            candidates = docs[at].candidates
            ids = np.flatnonzero(self.possible[: len(logits)]) if candidates is None else candidates[mention]
            scores = logits[ids] if candidates is None else logits[: len(ids)]
            if priors is not None:
                scores = scores + priors[at][mention]
            best.append(((at, mention), self._top(ids, scores)))
        return best

    def _top(self, ids: Ints, scores: Floats) -> list[tuple[int, float]]:
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")[: self.n_best]
        return [(int(ids[i]), float(shares[i])) for i in order]

    def _resolve(
        self, doc: DocMentions, waiting: Ints, found: Sequence[list[tuple[int, float]]], left: int | None
    ) -> Ints:
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
