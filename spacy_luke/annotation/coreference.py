"""Clusters that a coreference component left on a document: which mentions they hold, which members are no mentions.

Two forms are read: span groups `coref_clusters_1`, `coref_clusters_2`, ... of spacy-experimental (or, if there are only
these, `coref_head_clusters_1`, ... with a token for each member), and `doc._.coref_clusters` of fastcoref, lists of
pairs of characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spacy.tokens import Doc, Span

from ..types import NIL

_GROUPS = ("coref_clusters_", "coref_head_clusters_")
_EXTENSION = "coref_clusters"
_OPENING = {"the", "a", "an"}
_CLOSING = {"'s", "\u2019s", "'", "\u2019"}

Extent = tuple[int, int]


def cluster_numbers(mentions: Sequence[Span]) -> list[int | None]:
    """Which coreference cluster each mention is in.

    mentions (Sequence[Span]): Mentions of one document.
    RETURNS (list[int | None]): A number of its cluster for each; None for those in none.
    """
    clusters = _read(mentions[0].doc) if mentions else []
    if not clusters:
        return [None] * len(mentions)
    extents, roots = _index(clusters)
    return [_find(span, extents, roots) for span in mentions]


def lent_mentions(mentions: Sequence[Span]) -> list[Span]:
    """Members of clusters that stand for a mention without being one, such as pronouns.

    mentions (Sequence[Span]): Mentions of one document.
    RETURNS (list[Span]): Members of clusters with a mention in them, each with the label of the first one, by position.
        Clusters of mentions with different `kb_id_` are left out.
    """
    clusters = _read(mentions[0].doc) if mentions else []
    if not clusters:
        return []
    labels: dict[int, int] = {}
    taken: set[Extent] = set()
    bases: dict[int, set[str]] = {}
    extents, roots = _index(clusters)
    for span in sorted(mentions, key=lambda span: span.start):
        taken |= {_trimmed(span), _root(span)}
        number = _find(span, extents, roots)
        if number is not None:
            labels.setdefault(number, span.label)
            bases.setdefault(number, set()).add(span.kb_id_)
    lent = {
        (member.start, member.end): labels[number]
        for number, cluster in enumerate(clusters)
        if number in labels and len(bases[number] - {"", NIL}) < 2
        for member in cluster
        if _trimmed(member) not in taken and _root(member) not in taken
    }
    doc = mentions[0].doc
    return [Span(doc, *extent, label=label) for extent, label in sorted(lent.items())]


def _read(doc: Doc) -> list[list[Span]]:
    """The members of each cluster."""
    for prefix in _GROUPS:
        groups = [list(group) for key, group in doc.spans.items() if key.startswith(prefix)]
        if groups:
            return groups
    found = getattr(doc._, _EXTENSION) if Doc.has_extension(_EXTENSION) else None
    return [list(_of_characters(doc, cluster)) for cluster in found or ()]


def _of_characters(doc: Doc, cluster: Sequence[Extent]) -> Iterator[Span]:
    for start, end in cluster:
        span = doc.char_span(start, end, alignment_mode="expand")
        if span is not None:
            yield span


def _index(clusters: Sequence[Sequence[Span]]) -> tuple[dict[Extent, int], dict[Extent, int]]:
    """Clusters by the extents of their members, and by their syntactic heads. What is in several is in none."""
    extents, roots = dict[Extent, int](), dict[Extent, int]()
    for index, place in ((extents, _trimmed), (roots, _root)):
        unclear = set()
        for number, cluster in enumerate(clusters):
            for member in cluster:
                key = place(member)
                if index.setdefault(key, number) != number:
                    unclear.add(key)
        for key in unclear:
            del index[key]
    return extents, roots


def _find(span: Span, extents: dict[Extent, int], roots: dict[Extent, int]) -> int | None:
    return extents.get(_trimmed(span), roots.get(_root(span)))


def _trimmed(span: Span) -> Extent:
    """The extent without an article before and a genitive behind."""
    start, end = span.start, span.end
    if end - start > 1 and span[0].lower_ in _OPENING:
        start += 1
    if end - start > 1 and span[-1].lower_ in _CLOSING:
        end -= 1
    return start, end


def _root(span: Span) -> Extent:
    """The syntactic head, a token; the extent where the document isn't parsed."""
    if len(span) == 1 or not span.doc.has_annotation("DEP"):
        return _trimmed(span)
    root = span.root.i
    return root, root + 1
