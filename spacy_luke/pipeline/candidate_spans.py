"""All spans of a sentence as entities of one input, each with a label or none (Yamada et al. 2020, section 4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..inputs.batch import Bools
from ..inputs.excerpts import Excerpt, TextSizes, add_context, all_spans, cut_into_stretches, within_sentences
from ..inputs.pieces import Ints
from .decode import ScoredSpan, threshold_of, without_overlap
from .entities import Request
from .entity_heads import Asked, EntityHeadPipe, Subject
from .gold import Gold, touching
from .prediction import Prediction
from .probabilities import Floats, softmax

# Candidates that see each other: those of any sentence of up to 128 tokens.
MOST_CANDIDATES = 2048


@dataclass(eq=False, repr=False)
class LukeCandidateSpans(EntityHeadPipe):
    """`luke_ner` with the architecture `spacy-luke.CandidateSpans.v1`: entities of raw text, as LUKE finds them in
    CoNLL-2003."""

    reads = "LukeForEntitySpanClassification"
    architecture = "spacy-luke.CandidateSpans.v1"
    part = "ner"
    none_name = "NIL"
    reads_titles = False  # nobody knows yet who they are

    def ask(self, subject: Subject) -> Asked:
        """See `EntityHeadPipe.ask`: all spans of a sentence up to a width, or those that a suggester gives."""
        suggested, sizes = self.suggest([subject.doc]), subject.sizes
        widest = self.network.settings.max_span_width
        spans = all_spans(sizes, widest) if suggested is None else np.unique(suggested[0], axis=0)
        spans = within_sentences(subject.doc, sizes, spans)
        return Asked(spans, np.arange(len(spans))[:, None])

    def excerpts(self, doc: int, sizes: TextSizes, asked: Asked, room: int) -> Iterator[Excerpt]:
        """See `EntityHeadPipe.excerpts`: an excerpt for each sentence, more for a sentence that is too long."""
        in_document = self.network.settings.context == "document"
        starts, done = asked.extents[:, 0], 0
        widest = int((asked.extents[:, 1] - starts).max(initial=1))
        while done < len(starts):
            sentence = sizes.around(int(starts[done]), int(starts[done]) + 1)
            last = int(np.searchsorted(starts, sentence[1]))
            left = np.arange(done, last)
            for core in cut_into_stretches(sizes, sentence, room, widest - 1):
                inside = (asked.extents[left, 0] >= core[0]) & (asked.extents[left, 1] <= core[1])
                bounds = (0, len(sizes.sentences)) if in_document else sentence
                start, end = add_context(sizes, core, bounds, room)
                for items in _cut(left[inside]):
                    yield Excerpt(doc, start, end, asked.extents[items], items)
                left = left[~inside]
            done = last

    def decode_doc(self, request: Request, asked: Asked, logits: Floats) -> Prediction:
        """See `EntityHeadPipe.decode_doc`: spans whose best label isn't "none", chosen by its score as LUKE's
        authors do."""
        prediction = Prediction(mentions=list(request.given), searched=request.find)
        scores, names, outside = softmax(logits), self.network.labels, self.network.outside
        rank, thresholds = [], self.thresholds["ner"]
        for item in np.flatnonzero(~np.isnan(logits).any(axis=-1)):
            best = int(logits[item].argmax())
            score = float(scores[item, best])
            if best != outside and score >= threshold_of(thresholds, names[best]):
                start, end = asked.extents[item].tolist()
                prediction.scored.append(ScoredSpan(start, end, names[best], score, score))
                rank.append(float(logits[item, best]))
        length = int(asked.extents.max(initial=0))
        prediction.found = without_overlap(prediction.scored, request.blocked, length, rank)
        prediction.mentions += [span[:3] for span in prediction.found]
        return prediction

    def targets(self, asked: Asked, gold: Gold) -> Bools:
        """See `EntityHeadPipe.targets`. What touches entities that are no candidates or of other labels is unknown."""
        index, outside = {label: i for i, label in enumerate(self.network.labels)}, self.network.outside
        places = {place: i for i, place in enumerate(map(tuple, asked.extents.tolist()))}
        allowed = np.zeros((len(places), len(index)), dtype=np.bool_)
        allowed[:, slice(None) if outside is None else outside] = True
        unknown, taken = gold.unknown.copy(), np.zeros(len(gold.unknown), dtype=np.bool_)
        found = {}
        for extent, label in (gold.entities or {}).items():
            if extent in places and label in index:
                found[places[extent]] = index[label]
                taken[slice(*extent)] = True
            else:
                unknown[slice(*extent)] = True
        if gold.types is not None:
            others = [i for i, label in enumerate(index) if i != outside and label not in gold.types]
            free = np.flatnonzero(~touching(asked.extents, taken))  # entities don't overlap
            allowed[free[:, None], others] = True
        allowed[touching(asked.extents, unknown)] = True
        for place, number in found.items():
            allowed[place] = np.arange(len(index)) == number
        return allowed


def _cut(items: Ints) -> list[Ints]:
    """Parts of at most `MOST_CANDIDATES`; none of nothing."""
    n = -(-len(items) // MOST_CANDIDATES)
    return np.array_split(items, n) if n else []
