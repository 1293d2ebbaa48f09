"""Where the boxes of a graph stand: near what they are joined to, none on another.

First each part of the graph is laid out so that distances follow the graph's (stress majorization: Gansner, Koren and
North, 2004). Then boxes that overlap are pushed apart, and the parts are set side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEP = 62.0  # pixels between two boxes that are joined
STRETCH = 1.75  # how much wider than high a drawing is, because boxes are
GAP = np.array([22.0, 17.0])  # pixels between boxes
_ROUNDS, _PUSHES = 120, 600


def place_boxes(sizes: Array, edges: Sequence[tuple[int, int]], width: float) -> Array:
    """Lay out a graph.

    sizes (np.ndarray): Width and height of each box in pixels. Shape: (boxes, 2)
    edges (Sequence[tuple[int, int]]): Numbers of boxes that are joined.
    width (float): How wide it may be if it has several parts.
    RETURNS (np.ndarray): Centres of the boxes; the drawing begins at (0, 0). Shape: (boxes, 2)
    """
    centres = np.zeros((len(sizes), 2))
    hops = _distances(len(sizes), edges)
    left, top, height = 0.0, 0.0, 0.0
    for part in _parts(hops):
        placed = _push_apart(_spread(hops[np.ix_(part, part)]) * [STRETCH, 1.0], sizes[part])
        low = (placed - sizes[part] / 2).min(axis=0)
        extent = (placed + sizes[part] / 2).max(axis=0) - low
        if left and left + extent[0] > width:
            left, top, height = 0.0, top + height + 2 * GAP[1], 0.0
        centres[part] = placed - low + [left, top]
        left += extent[0] + 2 * GAP[0]
        height = max(height, extent[1])
    return centres


def _distances(n: int, edges: Sequence[tuple[int, int]]) -> Array:
    """Edges between each two boxes, infinite where there is no way. Shape: (n, n)"""
    hops = np.full((n, n), np.inf)
    np.fill_diagonal(hops, 0.0)
    for one, other in edges:
        if one != other:
            hops[one, other] = hops[other, one] = 1.0
    for via in range(n):
        np.minimum(hops, hops[:, via : via + 1] + hops[via : via + 1], out=hops)
    return hops


def _parts(hops: Array) -> list[list[int]]:
    """The largest first."""
    parts = dict.fromkeys(tuple(np.flatnonzero(np.isfinite(row)).tolist()) for row in hops)
    return [list(part) for part in sorted(parts, key=lambda part: (-len(part), part))]


def _spread(hops: Array) -> Array:
    """Places whose distances are those of the graph as nearly as can be. Shape: (n, 2)"""
    n = len(hops)
    if n == 1:
        return np.zeros((1, 2))
    ideal = hops * STEP
    places = _projected(ideal)
    weights = np.divide(1.0, ideal**2, out=np.zeros_like(ideal), where=ideal > 0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    for _ in range(_ROUNDS):
        lengths = np.linalg.norm(places[:, None] - places[None], axis=-1)
        ratios = weights * np.divide(ideal, lengths, out=np.zeros_like(ideal), where=lengths > 1e-9)
        moved = inverse @ ((np.diag(ratios.sum(axis=1)) - ratios) @ places)
        if np.abs(moved - places).max() < 0.1:
            break
        places = moved
    return _turned(places)


def _projected(ideal: Array) -> Array:
    """Where to begin: classical scaling, and a little of a circle, so that no two places are the same."""
    n = len(ideal)
    centring = np.eye(n) - 1.0 / n
    values, vectors = np.linalg.eigh(-0.5 * centring @ ideal**2 @ centring)
    places = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0.0))
    angles = 2 * np.pi * np.arange(n) / n
    return places + STEP / 4 * np.column_stack([np.cos(angles), np.sin(angles)])


def _turned(places: Array) -> Array:
    """With the longest side across, and the first box to the upper left: the same each time."""
    places = places - places.mean(axis=0)
    _, vectors = np.linalg.eigh(places.T @ places)
    places = places @ vectors[:, ::-1]
    return places * np.where(places[0] > 0, -1.0, 1.0)


def _push_apart(places: Array, sizes: Array) -> Array:
    """Push boxes that overlap apart, each pair the shorter way, until none do."""
    places = places + 1e-3 * np.column_stack([np.arange(len(places)), np.arange(len(places)) % 7])
    needed = (sizes[:, None] + sizes[None]) / 2 + GAP
    for _ in range(_PUSHES):
        between = places[:, None] - places[None]
        overlap = needed - np.abs(between)
        np.einsum("iik->ik", overlap)[:] = -1.0
        hits = (overlap > 0.5).all(axis=-1)
        if not hits.any():
            break
        across = overlap[..., 0] < overlap[..., 1]
        axis = np.stack([across, ~across], axis=-1)
        push = np.where(hits[..., None] & axis, np.sign(between) * overlap / 2, 0.0)
        places = places + push.sum(axis=1) * 0.5
    return places
