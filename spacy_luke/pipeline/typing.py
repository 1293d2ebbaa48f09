"""The `luke_typing` component: labels of given entities, each read in an input of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .entities import Request
from .entity_heads import Asked, Subject
from .entity_scorer import SCORER, score_weights
from .gold import Gold
from .marked import MarkedPipe, legible
from .prediction import Prediction
from .probabilities import Floats
from .settings import make_factory


@dataclass(eq=False, repr=False)
class LukeTyping(MarkedPipe):
    """Labels given entities, each marked in its text (Yamada et al. 2020, section 4.1)."""

    reads = "LukeForEntityClassification"
    architecture = "spacy-luke.MarkedEntity.v1"
    part = "labels"

    def ask(self, subject: Subject) -> Asked:
        """See `EntityHeadPipe.ask`: every mention that has word pieces."""
        return Asked(subject.mentions, np.flatnonzero(legible(subject))[:, None], subject.ids)

    def decode_doc(self, request: Request, asked: Asked, logits: Floats) -> Prediction:
        """See `EntityHeadPipe.decode_doc`."""
        n, at = len(request.given), asked.items[:, 0]
        prediction = Prediction(mentions=list(request.given), seen=np.zeros(n, dtype=np.bool_))
        scores, columns, outside = self.probabilities(logits), self.network.columns, self.network.outside
        prediction.seen[at] = True
        prediction.labels = np.zeros((n, len(columns)), dtype=np.float32)
        prediction.labels[at] = scores[:, columns]
        if outside is not None and not self.network.is_multi_label:
            prediction.none = np.zeros(n, dtype=np.float32)
            prediction.none[at] = scores[:, outside]
        return prediction

    def targets(self, asked: Asked, gold: Gold) -> NDArray[Any]:
        """See `EntityHeadPipe.targets`."""
        return self.encode_gold([gold.labels[i] for i in asked.items[:, 0]])


make_typing = make_factory(
    "luke_typing",
    LukeTyping,
    scorer=SCORER,
    assigns=["span._.luke_label", "span._.luke_labels"],
    score_weights=score_weights(luke_labels_micro=1.0),
    without=("suggester", "spans_key", "limits", "consistent"),
    find_entities=False,
)
