"""Windows: nothing is lost, near mentions meet, mentions are read where they have most context."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_luke.inputs.mentions import place_mentions
from spacy_luke.inputs.pieces import DocPieces
from spacy_luke.inputs.windows import Window, context_sizes, make_windows, owned_pieces


def pieces_of(lengths: list[int]) -> DocPieces:
    """A document whose tokens have so many pieces."""
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = np.arange(starts[-1], dtype=np.int64)
    return DocPieces(ids=ids, starts=starts, cases=np.zeros_like(ids))


# Tokens without pieces, common ones, and some that no window can hold.
lengths = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 3), st.integers(15, 40)), max_size=60)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, 20))
    return size, draw(st.integers(0, size - 1))


@given(lengths, cuts())
def test_no_piece_is_lost_and_windows_advance(lengths: list[int], cut: tuple[int, int]):
    size, overlap = cut
    windows = make_windows(3, pieces_of(lengths), size, overlap)
    covered = {i for w in windows for i in range(w.start, w.end)}
    assert covered == set(range(sum(lengths)))
    assert all(0 < len(w) <= size and w.doc == 3 for w in windows)
    for left, right in pairwise(windows):
        assert left.start < right.start
        assert left.end < right.end
        assert left.end - right.start >= overlap


@given(lengths, cuts())
def test_windows_cut_between_tokens_unless_a_token_is_huge(lengths: list[int], cut: tuple[int, int]):
    size, overlap = cut
    small = [min(n, 2) for n in lengths]
    if size - overlap < 4:  # with less room than two tokens, a cut inside one can be the only progress
        return
    borders = {int(s) for s in pieces_of(small).starts}
    for window in make_windows(0, pieces_of(small), size, overlap):
        assert {window.start, window.end} <= borders


@given(st.data())
def test_pieces_within_the_overlap_share_a_window(data: st.DataObject):
    size, overlap = data.draw(cuts())
    lengths_ = data.draw(lengths)
    total = sum(lengths_)
    if not total:
        return
    start = data.draw(st.integers(0, total - 1))
    end = min(total, start + overlap)
    windows = make_windows(0, pieces_of(lengths_), size, overlap)
    assert any(w.start <= start and end <= w.end for w in windows)


def test_windows_of_a_document_without_pieces():
    assert make_windows(0, pieces_of([0, 0]), 5, 2) == []
    assert make_windows(0, pieces_of([]), 5, 2) == []


@pytest.mark.parametrize(("size", "overlap"), [(5, 5), (5, 9), (5, -1), (0, 0), (-3, 0)])
def test_sizes_that_cannot_advance(size: int, overlap: int):
    with pytest.raises(ValueError, match="at least 0 and less than"):
        make_windows(0, pieces_of([1, 1]), size, overlap)


def test_context_is_the_smaller_side_and_edges_of_the_document_are_complete():
    windows = [Window(0, 0, 10), Window(0, 6, 16), Window(0, 12, 20)]
    context = context_sizes(windows, np.array([[7, 9], [0, 2], [13, 15], [9, 11]]), 20)
    assert context[:, 0].tolist() == [1, 1, -5]
    assert context[0, 1] == 8  # nothing stands before the document
    assert context[2, 2] == 1
    assert context[1, 2] == 1
    assert context[0, 3] < 0  # sticks out
    assert context_sizes([Window(0, 0, 20)], np.array([[3, 4]]), 20)[0, 0] > 20


@given(st.data())
def test_home_is_the_window_with_most_context(data: st.DataObject):
    size, overlap = data.draw(cuts())
    pieces = pieces_of(data.draw(lengths))
    n = len(pieces.starts) - 1
    spans = data.draw(
        st.lists(st.tuples(st.integers(0, n), st.integers(0, n)).map(sorted).map(tuple), max_size=5)
    )
    windows = make_windows(0, pieces, size, overlap)
    placed = place_mentions(windows, pieces, spans, pairs=False)
    for index, span in enumerate(spans):
        start, end = pieces.extent(*span)
        if start == end:
            assert placed.home[index] == -1
            assert not any(index in members for members in placed.mentions)
            continue
        home = windows[placed.home[index]]
        assert index in placed.mentions[placed.home[index]]
        context = context_sizes(windows, np.array([[start, end]]), len(pieces))[:, 0]
        assert context[placed.home[index]] == context.max()
        if any(w.start <= start and end <= w.end for w in windows):
            assert home.start <= start
            assert end <= home.end


@given(st.data())
def test_each_pair_is_read_once_and_near_ones_are(data: st.DataObject):
    size, overlap = data.draw(cuts())
    pieces = pieces_of(data.draw(st.lists(st.integers(1, 2), min_size=1, max_size=40)))
    n = len(pieces.starts) - 1
    starts = data.draw(st.lists(st.integers(0, n - 1), unique=True, max_size=6))
    spans = [(s, s + 1) for s in starts]
    windows = make_windows(0, pieces, size, overlap)
    placed = place_mentions(windows, pieces, spans, pairs=True)
    pairs = [
        (int(members[h]), int(members[t]), w)
        for w, members in enumerate(placed.mentions)
        for h, t in placed.pairs[w]
    ]
    assert len({p[:2] for p in pairs}) == len(pairs)
    found = {p[:2]: p[2] for p in pairs}
    for i, j in ((i, j) for i in range(len(spans)) for j in range(len(spans)) if i != j):
        (a, b), (c, d) = pieces.extent(*spans[i]), pieces.extent(*spans[j])
        shared = [w for w, x in enumerate(windows) if x.start <= min(a, c) and max(b, d) <= x.end]
        assert ((i, j) in found) == bool(shared)
        if max(b, d) - min(a, c) <= overlap:
            assert shared
        if shared:
            context = context_sizes(windows, np.array([[a, b], [c, d]]), len(pieces)).min(axis=1)
            assert context[found[i, j]] == context.max()


def test_no_pairs_unless_asked():
    pieces = pieces_of([1] * 6)
    placed = place_mentions(make_windows(0, pieces, 4, 2), pieces, [(0, 1), (2, 3)], pairs=False)
    assert [len(p) for p in placed.pairs] == [0, 0]


def test_mention_longer_than_any_window_is_read_once():
    pieces = pieces_of([1] * 12)
    windows = make_windows(0, pieces, 4, 1)
    placed = place_mentions(windows, pieces, [(1, 11)], pairs=True)
    assert sum(len(m) for m in placed.mentions) == 1


def test_no_windows():
    placed = place_mentions([], pieces_of([0, 0]), [(0, 1)], pairs=True)
    assert placed.home.tolist() == [-1]
    assert placed.mentions == []


def test_no_pair_of_two_labels_at_one_place():
    pieces = DocPieces(np.zeros(4, dtype=np.int64), np.arange(5), np.zeros(4, dtype=np.int64))
    windows = make_windows(0, pieces, size=10, overlap=2)
    placed = place_mentions(windows, pieces, [(0, 1), (0, 1), (2, 4)], True)
    assert sorted(map(tuple, placed.pairs[0])) == [(0, 2), (1, 2), (2, 0), (2, 1)]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5)), min_size=1, max_size=6))
def test_each_piece_is_owned_by_one_window_that_holds_it(steps: list[tuple[int, int]]):
    windows, end = [], 0
    for new, overlap in steps:
        start = max(windows[-1].start + 1 if windows else 0, end - overlap)
        start, end = min(start, end), end + new
        windows.append(Window(0, start, end))
    owned = owned_pieces(windows)
    assert [piece for a, b in owned for piece in range(a, b)] == list(range(end))
    for window, (a, b) in zip(windows, owned, strict=True):
        assert a >= b or (window.start <= a and b <= window.end)
    assert owned_pieces([]) == []
