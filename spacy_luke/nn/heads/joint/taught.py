"""Labels that were taught: rows on states of the trained heads, which stay as they are.

    P(label) = sigmoid(w . state + b)          beside the trained labels, whose logits don't change

A relation's row is its margin over the frozen "none", so its probability compares with those of trained relations. The
examples are kept with the rows: more of them can be added later, and what was rejected is known again by its state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...joint_config import JointConfig
from .proposer import NEVER, best_spans

REJECTED = -2  # what an example says of a label, beside 1 for yes, 0 for no and -1 for unknown


class TaughtRules(NamedTuple):
    """Numbers that teaching and prediction share.

    width_unit (float): Tokens of a span that count as one in its features.
    same (float): Cosine of two states of one place, at least: batches differ in rounding.
    spans_per_token (float): Spans that taught types propose, as a share of the window's tokens.
    floor (float): The least probability of such a span.
    """

    width_unit: float = 4.0
    same: float = 0.9995
    spans_per_token: float = 0.125
    floor: float = 0.02


RULES = TaughtRules()
FIELDS = {"ner": "ner_labels", "labels": "entity_labels", "relations": "relation_labels"}


class TaughtLabels(nn.Module):
    """Rows of the taught labels of one task, and the examples that they come from.

    width (int): Width of the states.
    n_labels (int): Number of labels.
    n_columns (int): Number of labels that examples say something of: trained ones can be rejected, too.
    n_kept (int): Number of examples.
    proposer_width (int): Width of the pre-filter's rows; 0 for none.
    """

    weight: Tensor
    bias: Tensor
    states: Tensor
    answers: Tensor
    groups: Tensor
    proposer: Tensor

    def __init__(
        self, width: int, n_labels: int, n_columns: int, n_kept: int, proposer_width: int = 0
    ) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(n_labels, width))
        self.register_buffer("bias", torch.zeros(n_labels))
        self.register_buffer("states", torch.zeros(n_kept, width))
        self.register_buffer("answers", torch.zeros(n_kept, n_columns))  # see `REJECTED`
        self.register_buffer("groups", torch.zeros(n_kept))  # which examples stand together
        self.register_buffer("proposer", torch.zeros(n_labels, proposer_width + 1))  # the last is the bias

    def forward(self, states: Tensor) -> Tensor:
        """states (Tensor): Shape: (..., width). RETURNS (Tensor): Logits. Shape: (..., n_labels)"""
        return F.linear(states.float(), self.weight.float(), self.bias.float())

    def same_as_rejected(self, states: Tensor) -> Tensor:
        """Find what was rejected.

        states (Tensor): Shape: (..., width)
        RETURNS (Tensor): Whether each is a state of which a label was rejected. Shape: (..., n_columns)
        """
        rejected = self.answers == REJECTED
        rows = rejected.any(dim=1)
        known = F.normalize(self.states[rows].float(), dim=-1)  # (n_rejected, width)
        near = F.linear(F.normalize(states.float(), dim=-1), known) >= RULES.same
        return near.float() @ rejected[rows].float() > 0

    def propose(
        self, first: Tensor, last: Tensor, mask: Tensor, spans: Tensor, real: Tensor, n_widths: int
    ) -> tuple[Tensor, Tensor]:
        """Propose spans beside those of the trained pre-filter.

        first, last (Tensor): States of each token's first and last piece. Shape: (batch, n_tokens, hidden)
        mask (Tensor): True for real tokens. Shape: (batch, n_tokens)
        spans, real (Tensor): What is proposed already; see `SpanCandidates`.
        n_widths (int): Widest span, in tokens.
        RETURNS (tuple[Tensor, Tensor]): Further spans, shape (batch, n, 2), and which of them are real, (batch, n).
        """
        scores = self.proposals(first, last, mask, n_widths)
        if spans.shape[1]:
            window = torch.arange(len(spans), device=spans.device)[:, None].expand(real.shape)
            starts, widths = spans[..., 0], spans[..., 1] - spans[..., 0]
            scores[window[real], starts[real], widths[real]] = NEVER
        return best_spans(scores, mask, RULES.spans_per_token, RULES.floor)

    def proposals(self, first: Tensor, last: Tensor, mask: Tensor, n_widths: int) -> Tensor:
        """Score all spans as the best taught type; arguments as for `propose`.

        RETURNS (Tensor): Logits, very low where there is no span. Shape: (batch, n_tokens, n_widths)
        """
        rows, hidden = self.proposer.float(), first.shape[-1]
        n_tokens, widths = mask.shape[1], torch.arange(n_widths, device=mask.device)
        ends = torch.arange(n_tokens, device=mask.device)[:, None] + widths  # (n_tokens, n_widths)
        exists = (ends < n_tokens) & mask[:, :, None]
        ends = ends.clamp(max=max(n_tokens - 1, 0))
        start = F.linear(first.float(), rows[:, :hidden])  # (batch, n_tokens, n_labels)
        end = F.linear(last.float(), rows[:, hidden : 2 * hidden])
        unit, bias = rows[:, 2 * hidden], rows[:, -1]
        wide = (widths + 1)[:, None] / RULES.width_unit * unit + bias  # (n_widths, n_labels)
        scores = (start[:, :, None] + end[:, ends] + wide).amax(dim=-1)
        return scores.masked_fill(~(exists & mask[:, ends]), NEVER)


def taught_widths(joint: JointConfig, hidden_size: int) -> dict[str, int]:
    """joint (JointConfig): The heads. hidden_size (int): Width of the encoder.
    RETURNS (dict[str, int]): Widths of the states that labels are taught on, by task. Those of spans end with the
        span's width."""
    return {"ner": 3 * hidden_size + 1, "labels": hidden_size, "relations": joint.relation_width}


def taught_modules(joint: JointConfig, hidden_size: int) -> nn.ModuleDict:
    """joint (JointConfig): The heads. hidden_size (int): Width of the encoder.
    RETURNS (ModuleDict): For each task of `joint.taught`, its rows: zeros, to be filled."""
    widths, modules = taught_widths(joint, hidden_size), nn.ModuleDict()
    for task, part in joint.taught.items():
        proposer = 2 * hidden_size + 1 if task == "ner" else 0
        sizes = len(part["thresholds"]), len(part["columns"]), int(part["kept"])
        modules[task] = TaughtLabels(widths[task], *sizes, proposer)
    return modules


def column_labels(joint: JointConfig, task: str) -> list[int]:
    """joint (JointConfig): The heads. task (str): A task.
    RETURNS (list[int]): Which of the task's labels, trained and then taught, each column is of; -1 for none."""
    labels = [*getattr(joint, FIELDS[task]), *joint.taught_thresholds(task)]
    return [labels.index(label) if label in labels else -1 for label in joint.taught[task]["columns"]]


class TaughtAnswers:
    """What taught labels say, and what was rejected: a mask over all labels of the task.

    joint (JointConfig): The heads.
    rows (Module): The task's `TaughtLabels`.
    task (str): The task.
    """

    def __init__(self, joint: JointConfig, rows: nn.Module, task: str) -> None:
        self.rows = cast(TaughtLabels, rows)
        self.n_old, self.n_taught = len(getattr(joint, FIELDS[task])), len(joint.taught_thresholds(task))
        self.columns: Sequence[int] = column_labels(joint, task)

    def __call__(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """states (Tensor): Shape: (..., width).
        RETURNS (tuple[Tensor, Tensor]): Probabilities of the taught labels, shape (..., n_taught), and which labels,
            trained and taught, were rejected of each, shape (..., n_labels)."""
        rejected = torch.zeros(
            *states.shape[:-1], self.n_old + self.n_taught, dtype=torch.bool, device=states.device
        )
        found = self.rows.same_as_rejected(states)
        for column, label in enumerate(self.columns):
            if label >= 0:
                rejected[..., label] |= found[..., column]
        return self.rows(states).sigmoid(), rejected


class TaughtPairs:
    """Relations that were taught, collected while all pairs are scored.

    answers (TaughtAnswers): Scores pairs.
    floor (float): The least probability.
    """

    def __init__(self, answers: TaughtAnswers, floor: float) -> None:
        self.answers, self.floor = answers, floor
        self._found: list[tuple[Tensor, Tensor, Tensor]] = []
        self._rejected: list[Tensor] = []

    def add(self, places: Tensor, states: Tensor) -> None:
        """places (Tensor): Some pairs. Shape: (n,). states (Tensor): Their states. Shape: (n, width)"""
        scores, rejected = self.answers(states)
        n_old, n_labels = self.answers.n_old, rejected.shape[1]
        pair, label = (scores >= self.floor).nonzero(as_tuple=True)
        self._found.append((places[pair], label + n_old, scores[pair, label]))
        pair, label = rejected.nonzero(as_tuple=True)
        self._rejected.append(places[pair] * n_labels + label)

    def amend(self, place: Tensor, label: Tensor, score: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Add what was taught to the trained relations, and take away what was rejected.

        place, label, score (Tensor): The trained ones. Shape: (n_relations,) each
        RETURNS (tuple[Tensor, Tensor, Tensor]): All of them, by pair.
        """
        parts = zip((place, label, score), *self._found, strict=True)
        place, label, score = (torch.cat(list(part)) for part in parts)
        n_labels = self.answers.n_old + self.answers.n_taught
        rejected = torch.cat([place[:0], *self._rejected])
        kept = ~torch.isin(place * n_labels + label, rejected)
        place, label, score = place[kept], label[kept], score[kept]
        order = torch.argsort(place, stable=True)
        return place[order], label[order], score[order]
