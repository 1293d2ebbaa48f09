"""The joint model's loss: what the heads said against gold arrays."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..inputs.batch import OPEN, TOLD, Targets
from ..nn.heads.joint.losses import entity_loss, pool_groups, proposal_loss, span_loss, threshold_loss
from ..nn.heads.joint.outputs import JointOutput, SpanCandidates


def joint_loss(
    outputs: Sequence[JointOutput], targets: Sequence[Targets], multi_label: bool, hard: float = 0.0
) -> dict[str, Tensor]:
    """Losses of the heads that spoke, over one or several padded batches as if they were one.

    outputs (Sequence[JointOutput]): The heads' scores, by batch.
    targets (Sequence[Targets]): The gold, by batch.
    multi_label (bool): Whether entity labels are independent.
    hard (float): See `threshold_loss`.
    RETURNS (dict[str, Tensor]): Scalars by the task's name.
    """
    rows: dict[str, list[tuple[Tensor, ...]]] = {}
    for output, gold in zip(outputs, targets, strict=True):
        for task, row in _rows(output, gold).items():
            rows.setdefault(task, []).append(row)
    whole = {task: [torch.cat(column) for column in zip(*r, strict=True)] for task, r in rows.items()}
    losses: dict[str, Tensor] = {}
    if "proposals" in whole:
        losses["proposals"] = proposal_loss(*whole["proposals"])
    if "spans" in whole:
        losses["spans"] = span_loss(*whole["spans"])
    if "labels" in whole:
        logits, labels = whole["labels"]
        losses["labels"] = entity_loss(logits, labels, multi_label)
    if "relations" in whole:
        losses |= _relation_losses(*whole["relations"], hard=hard)
    if "read" in whole:
        read = _relation_losses(*whole["read"], hard=hard)
        losses |= {f"read_{name}": loss for name, loss in read.items()}
    return losses


def _rows(output: JointOutput, targets: Targets) -> dict[str, tuple[Tensor, ...]]:
    """Scores and gold of one batch by task, row by row without the padding's shape."""
    rows: dict[str, tuple[Tensor, ...]] = {}
    device = output.word_states.device
    if output.span_logits is not None and output.candidates is not None:
        gold, open_types = (torch.from_numpy(part).to(device) for part in (targets.spans, targets.open_types))
        known = (gold >= 0).any(-1)  # (batch, n_tokens)
        if output.proposal_scores is not None and bool(known.any()):
            # (n, max_span_width) each; an open span may be worth a look
            rows["proposals"] = output.proposal_scores[known], gold[known].clamp(max=1).float()
        labels = _candidate_labels(output.candidates, gold, open_types.any(1))
        others = open_types[:, None].expand(-1, labels.shape[1], -1)  # (batch, n_spans, n_labels)
        # (batch * n_spans, ...) each
        rows["spans"] = output.span_logits.flatten(0, 1), labels.flatten(), others.flatten(0, 1)
    if output.label_logits is not None:
        labels = torch.from_numpy(targets.labels).to(device)
        # (batch * n_mentions, n_labels) each
        rows["labels"] = output.label_logits.flatten(0, 1), labels.flatten(0, 1)
    if output.pair_logits is not None:
        arrays = (targets.relations, targets.near, targets.groups)
        pairs = [torch.from_numpy(array).to(device) for array in arrays]
        rows["relations"] = output.pair_logits, *pairs
        if output.read is not None and output.read_logits is not None:
            rows["read"] = output.read_logits, *(part[output.read] for part in pairs)
    return rows


def _candidate_labels(candidates: SpanCandidates, gold: Tensor, is_open: Tensor) -> Tensor:
    """Look the candidates up in the gold spans; those that are wider are none, or as open as the others.
    RETURNS (Tensor): Shape: (batch, n_spans)"""
    start, end = candidates.spans.unbind(-1)
    width, n_widths = end - start, gold.shape[2]
    labels = gold.flatten(1).gather(1, start * n_widths + width.clamp(max=n_widths - 1))  # (batch, n_spans)
    before = torch.nn.functional.pad((gold[:, :, 0] == -100).cumsum(1), (1, 0))  # unknown tokens
    unknown = before.gather(1, end + 1) > before.gather(1, start)
    wide = torch.where(is_open, OPEN, 0)[:, None].expand_as(labels).masked_fill(unknown, -100)
    return torch.where(width < n_widths, labels, wide).masked_fill(~candidates.mask, -100)


def _relation_losses(
    logits: Tensor, gold: Tensor, near: Tensor, across: Tensor, *, hard: float
) -> dict[str, Tensor]:
    """Near pairs of mentions one by one; pairs of entities by the best of their mentions, as facts are made."""
    losses = {"relations": threshold_loss(logits[near], gold[near], hard)}
    counts = across[:, 0] >= 0
    if bool(counts.any()):
        names, groups = torch.unique(across[counts], dim=0, return_inverse=True)
        pooled = pool_groups(logits[counts], groups, len(names))
        # A fact holds if one of its pairs states it or the document tells it, and is unknown if a pair may state it.
        known = gold[counts].masked_fill(gold[counts] == TOLD, 1.0)
        known = torch.nn.functional.pad(known.masked_fill(known == -100, 0.5), (1, 0))
        pooled_gold = pool_groups(known, groups, len(names))[:, 1:]
        pooled_gold = pooled_gold.masked_fill(pooled_gold == 0.5, -100.0)
        losses["facts"] = threshold_loss(pooled, pooled_gold, hard)
    return losses
