"""The `luke_relations` component: relations of given entities, each pair read in an input of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inputs.pieces import Ints
from .entities import Request
from .entity_heads import Asked, Subject
from .entity_scorer import SCORER, score_weights
from .gold import Gold
from .marked import MarkedPipe, legible
from .pairs import PairLimits
from .prediction import Prediction
from .probabilities import Floats
from .settings import make_factory


@dataclass(eq=False, repr=False)
class LukeRelations(MarkedPipe):
    """Relates given entities, each ordered pair marked in its text (Yamada et al. 2020, section 4.2). The best label of
    a pair counts, however sure, if it isn't the one that says "none"; of independent labels, from 0.5. Only pairs
    within the limits are read, for facts too."""

    reads = "LukeForEntityPairClassification"
    architecture = "spacy-luke.MarkedPair.v1"
    part = "relations"
    none_name = "no_relation"

    def ask(self, subject: Subject) -> Asked:
        """See `EntityHeadPipe.ask`: pairs of different places, near enough, whose labels allow some relation."""
        place, read = subject.mentions, legible(subject)
        different = (place[:, None] != place[None, :]).any(axis=-1) & read[:, None] & read[None, :]
        head, tail = np.nonzero(different)
        pairs = np.column_stack([head, tail])
        if subject.near is not None and len(pairs):
            pairs = pairs[subject.near(head, tail)]
        if subject.labels is not None:
            pairs = self._allowed(pairs, subject.labels, self.limits)
        return Asked(place, pairs, subject.ids)

    def _allowed(self, pairs: Ints, labels: Sequence[str], limits: PairLimits) -> Ints:
        """Leave out pairs that can't have any of the relations."""
        relations = self.joint.relation_labels
        if limits.allowed is None or not set(relations) <= set(limits.allowed):
            return pairs
        kept = [any(limits.allows(r, labels[head], labels[tail]) for r in relations) for head, tail in pairs]
        return pairs[np.array(kept, dtype=np.bool_)]

    def decode_doc(self, request: Request, asked: Asked, logits: Floats) -> Prediction:
        """See `EntityHeadPipe.decode_doc`: the best label of each pair; of independent ones all, for their thresholds
        to choose from."""
        prediction = Prediction(mentions=list(request.given))
        scores, columns = self.probabilities(logits), self.network.columns
        read = ~np.isnan(scores).any(axis=-1)  # (n_items,)
        chosen = np.zeros(scores.shape, dtype=np.bool_)
        if self.network.is_multi_label:
            chosen[read] = True
        elif read.any():
            chosen[np.flatnonzero(read), scores[read].argmax(axis=-1)] = True
        item, label = np.nonzero(chosen[:, columns])
        prediction.pairs = np.column_stack([asked.items[item], label])
        prediction.scores = scores[:, columns][item, label]
        return prediction

    def targets(self, asked: Asked, gold: Gold) -> NDArray[Any]:
        """See `EntityHeadPipe.targets`."""
        relations, pairs, labels = gold.relations or {}, asked.items.tolist(), self.joint.relation_labels
        found = [relations.get((head, tail), set()) for head, tail in pairs]
        return self.encode_gold(found, [gold.unsure_labels((head, tail), labels) for head, tail in pairs])


make_relations = make_factory(
    "luke_relations",
    LukeRelations,
    scorer=SCORER,
    assigns=["doc._.luke_relations", "doc._.luke_facts"],
    score_weights=score_weights(luke_relations_micro=1.0, luke_facts_micro=0.0),
    without=("suggester", "spans_key"),
    find_entities=False,
)
