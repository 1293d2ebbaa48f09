"""What the pipes on entities predict of a document."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..inputs.batch import Bools
from ..inputs.pieces import Ints
from ..inputs.windows import Window
from .decode import ScoredSpan, surest, without_overlap
from .probabilities import Floats


@dataclass
class Prediction:
    """What the model says of one document.

    searched (bool): Whether entities were looked for.
    blocked (list[tuple[int, int]]): Token extents that found entities may not touch.
    scored (list[ScoredSpan]): All candidate spans that reach their threshold, as every window saw them.
    found (list[ScoredSpan]): The entities found, without overlap.
    lent (list[tuple[int, int, str]]): Members of coreference clusters that stand for an entity without being one, such
        as pronouns: token extent and the entity's label. Their pairs support facts.
    mentions (list[tuple[int, int, str]]): Given, found and lent ones: token extent and label.
    seen (ndarray): True for mentions that were read; the tokenizer dropped the others. Shape: (n_mentions,)
    labels (ndarray | None): Probability of each entity label. Shape: (n_mentions, n_labels)
    none (ndarray | None): Probability of no label at all, where there is one for it. Shape: (n_mentions,)
    vectors (ndarray | None): Entity states. Shape: (n_mentions, hidden)
    pairs (ndarray): Related pairs: head mention, tail mention, label. Shape: (n_relations, 3)
    scores (ndarray): Their probabilities. Shape: (n_relations,)
    words (list[tuple[Window, ndarray]]): Word states of each window, where they were asked for.
    """

    searched: bool = False
    blocked: list[tuple[int, int]] = field(default_factory=list)
    scored: list[ScoredSpan] = field(default_factory=list)
    found: list[ScoredSpan] = field(default_factory=list)
    lent: list[tuple[int, int, str]] = field(default_factory=list)
    mentions: list[tuple[int, int, str]] = field(default_factory=list)
    seen: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    labels: Floats | None = None
    none: Floats | None = None
    vectors: Floats | None = None
    pairs: Ints = field(default_factory=lambda: np.zeros((0, 3), dtype=np.int64))
    scores: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    words: list[tuple[Window, Floats]] = field(default_factory=list)


def choose_entities(prediction: Prediction, length: int, threshold: float = 0.0) -> list[ScoredSpan]:
    """Choose entities among the candidates of a prediction, those that reached the threshold that it was made with.

    prediction (Prediction): The prediction.
    length (int): Number of tokens of the document.
    threshold (float): A higher threshold. What it gives is what a prediction with it would have found.
    RETURNS (list[ScoredSpan]): The entities by position, without overlap.
    """
    spans = surest(span for span in prediction.scored if span.entity >= threshold)
    return without_overlap(spans, prediction.blocked, length)
