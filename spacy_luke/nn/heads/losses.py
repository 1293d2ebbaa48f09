"""The losses of the heads. They check their labels and leave them as they are."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import Errors
from ..tracing import is_traced

IGNORED = -100  # a label that counts for nothing: padding


def class_loss(logits: Tensor, labels: Tensor, name: str = "labels") -> Tensor:
    """Cross entropy, mean over the rows that have a label.

    logits (Tensor): Shape: (..., classes)
    labels (Tensor): Index of the right class, -100 for none. Shape: (...)
    name (str): What to call the labels in errors.
    RETURNS (Tensor): NaN if no row has a label. Shape: ()
    RAISES (ValueError): If shape or values do not fit the logits. (TypeError): if they are no integers.
    """
    require_shape(name, labels, logits.shape[:-1])
    if labels.is_floating_point() or labels.is_complex():
        raise TypeError(Errors.L263.format(name=name, found=labels.dtype))
    labels = labels.to(logits.device)
    require_range(name, labels[labels != IGNORED], logits.shape[-1], ", or use -100 for rows without a label")
    # (..., classes) -> (rows, classes), (...) -> (rows,)
    return F.cross_entropy(logits.flatten(end_dim=-2), labels.flatten().long(), ignore_index=IGNORED)


def allowed_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Cross entropy where several classes may be right: the negative logarithm of their probability together.

    logits (Tensor): Shape: (rows, classes)
    allowed (Tensor): True for classes that may be right; a row with all of them says nothing. Same shape.
    RETURNS (Tensor): Mean over the rows that say something; 0 if there are none. Shape: ()
    """
    told = ~allowed.all(-1)
    logits, allowed = logits[told], allowed[told]
    right = logits.masked_fill(~allowed, -torch.inf).logsumexp(-1)
    return (logits.logsumexp(-1) - right).sum() / told.sum().clamp(min=1)


def multi_label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross entropy of each label on its own, mean over all of them.

    logits (Tensor): Shape: (..., labels)
    labels (Tensor): 1 for labels that hold, 0 for others, -100 for those that do not count. Shape as logits.
    RETURNS (Tensor): Shape: ()
    RAISES (ValueError): If the shape does not fit the logits.
    """
    require_shape("labels", labels, logits.shape)
    labels = labels.to(logits.device)
    counts = labels != IGNORED
    # (..., labels) -> (labels that count,)
    return F.binary_cross_entropy_with_logits(logits[counts], labels[counts].to(logits.dtype))


def single_or_multi_label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """`class_loss` or `multi_label_loss`, as the shape of the labels asks for. RAISES (ValueError): If neither fits."""
    require_shape("labels", labels, logits.shape[:-1], logits.shape)
    return (multi_label_loss if labels.dim() == logits.dim() else class_loss)(logits, labels)


def regression_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean squared error. logits (Tensor): Shape: (batch, numbers). labels (Tensor): Shape as logits, or
    (batch,) where there is one. RETURNS (Tensor): Shape: (). RAISES (ValueError): If the shape does not fit."""
    if logits.shape[-1] == 1 and labels.shape == logits.shape[:-1]:
        labels = labels.unsqueeze(-1)  # (batch,) -> (batch, 1)
    require_shape("labels", labels, logits.shape)
    return F.mse_loss(logits, labels.to(logits))


def problem_loss(logits: Tensor, labels: Tensor, problem: str) -> Tensor:
    """The loss of a kind of problem. logits (Tensor): Shape: (batch, labels).
    labels (Tensor): The right answers, as that loss takes them; classes may have the shape (batch, 1), too.
    problem (str): See `LukeConfig.problem_type`. RETURNS (Tensor): Shape: ()
    RAISES (ValueError): If shape or values do not fit. (TypeError): if classes are no integers."""
    if problem == "regression":
        return regression_loss(logits, labels)
    if problem == "multi_label_classification":
        return multi_label_loss(logits, labels)
    if labels.dim() == 2 and labels.shape[1] == 1:
        labels = labels.squeeze(1)  # (batch, 1) -> (batch,)
    return class_loss(logits, labels)


def require_shape(name: str, tensor: Tensor, *allowed: torch.Size) -> None:
    """RAISES (ValueError): If the shape of what has this name is none of the allowed ones."""
    if tensor.shape not in allowed:
        shapes = " or ".join(str(tuple(shape)) for shape in allowed)
        raise ValueError(Errors.L266.format(name=name, shape=tuple(tensor.shape), allowed=shapes))


def require_range(name: str, tensor: Tensor, end: int, hint: str = "") -> None:
    """name (str): What it is. tensor (Tensor): Integers. end (int): Number of allowed values, from 0 on.
    hint (str): How else to correct them. RAISES (ValueError): If one is out of range."""
    if not is_traced() and bool(((tensor < 0) | (tensor >= end)).any()):
        raise ValueError(Errors.L262.format(name=name, last=end - 1, hint=hint))
