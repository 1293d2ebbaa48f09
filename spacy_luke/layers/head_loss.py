"""Losses of the heads on text: from the logits of rows, several of which may show one document, and gold arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..inputs.pieces import Ints
from ..nn.heads.losses import class_loss, problem_loss


def join_rows(parts: Sequence[Tensor], places: Sequence[Sequence[int]]) -> Tensor:
    """Put the logits of several batches together, in the order of the rows.

    parts (Sequence[Tensor]): Logits of each batch. Shape: (rows, labels) or (rows, length, labels) each
    places (Sequence[Sequence[int]]): Which rows they are of.
    RETURNS (Tensor): Logits of all rows, padded with zeros. Shape: (rows, labels) or (rows, length, labels)
    """
    if parts[0].dim() == 3:
        longest = max(part.shape[1] for part in parts)
        parts = [F.pad(part, (0, 0, 0, longest - part.shape[1])) for part in parts]
    order = np.argsort([row for rows in places for row in rows])
    return torch.cat(list(parts))[torch.from_numpy(order).to(parts[0].device)]


def text_loss(logits: Tensor, groups: Ints, gold: NDArray[Any], problem: str) -> Tensor:
    """The loss of labelled texts.

    logits (Tensor): Shape: (rows, labels)
    groups (ndarray): Which text each row is a window of. Shape: (rows,)
    gold (ndarray): A class for each text, shape (texts,); or a number for each label, shape (texts, labels).
    problem (str): What the labels mean; see `LukeConfig.problem_type`.
    RETURNS (Tensor): Shape: ()
    """
    target = torch.from_numpy(gold).to(logits.device)
    return problem_loss(mean_by_group(logits, groups, len(gold)), target, problem)


def choice_loss(logits: Tensor, groups: Ints, choices: Ints, gold: Ints) -> Tensor:
    """Cross entropy over the choices of each question.

    logits (Tensor): Shape: (rows, 1)
    groups (ndarray): Which choice each row is a window of. Shape: (rows,)
    choices (ndarray): Which question each choice belongs to, from 0 on. Shape: (choices,)
    gold (ndarray): Place of the right choice among those of its question. Shape: (questions,)
    RETURNS (Tensor): Shape: ()
    """
    scores = mean_by_group(logits, groups, len(choices)).squeeze(1)  # (choices, 1) -> (choices,)
    counts = np.bincount(choices)
    lowest = torch.finfo(scores.dtype).min
    rows = [F.pad(s, (0, counts.max() - len(s)), value=lowest) for s in torch.split(scores, counts.tolist())]
    return class_loss(torch.stack(rows), torch.from_numpy(gold))


def token_loss(logits: Tensor, places: Ints, tokens: Ints, gold: Ints) -> Tensor:
    """Cross entropy over tokens, each with the mean of the logits of its pieces.

    logits (Tensor): Shape: (rows, length, labels)
    places (ndarray): Row and place of each piece that counts. Shape: (pieces, 2)
    tokens (ndarray): Which token it is of, from 0 on. Shape: (pieces,)
    gold (ndarray): A class for each token. Shape: (tokens,)
    RETURNS (Tensor): Shape: ()
    """
    at = torch.from_numpy(places).to(logits.device)
    pieces = logits[at[:, 0], at[:, 1]]  # (pieces, labels)
    return class_loss(mean_by_group(pieces, tokens, len(gold)), torch.from_numpy(gold))


def answer_loss(logits: Tensor, allowed: NDArray[np.bool_], gold: Ints) -> Tensor:
    """Cross entropy over the places where an answer may start, and end.

    logits (Tensor): Shape: (rows, length, 2)
    allowed (ndarray): True at the pieces of the document and at the place that says "no answer".
        Shape: (rows, length)
    gold (ndarray): First and last place of the answer. Shape: (rows, 2)
    RETURNS (Tensor): Shape: ()
    """
    barred = ~torch.from_numpy(allowed).to(logits.device)[..., None]
    scores = logits.masked_fill(barred, torch.finfo(logits.dtype).min).transpose(1, 2)  # (rows, 2, length)
    return class_loss(scores, torch.from_numpy(gold))


def mean_by_group(values: Tensor, groups: Ints, n_groups: int) -> Tensor:
    """values (Tensor): Shape: (rows, width). groups (ndarray): The group of each row. Shape: (rows,)
    RETURNS (Tensor): Mean of the rows of each group. Shape: (n_groups, width)"""
    index = torch.from_numpy(groups).to(values.device)
    sums = values.new_zeros(n_groups, values.shape[-1]).index_add(0, index, values)
    return sums / torch.bincount(index, minlength=n_groups).clamp(min=1)[:, None]
