from __future__ import annotations

import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.training.converters.build import NESTED, Mention, build_doc

VOCAB = spacy.blank("en").vocab


def places(spans: object) -> list[tuple[int, int, str, str]]:
    return [(s.start, s.end, s.label_, s.id_) for s in spans]  # type: ignore[attr-defined]


def test_sentences_spaces_entities() -> None:
    doc, spans = build_doc(
        VOCAB,
        [["Ada", "wrote", "."], ["She", "won", "."]],
        [Mention(3, 4, "PER", "e0"), Mention(0, 1, "PER", "e0")],
    )
    assert doc.text == "Ada wrote. She won."
    assert [s.text for s in doc.sents] == ["Ada wrote.", "She won."]
    assert places(doc.ents) == places(spans) == [(0, 1, "PER", "e0"), (3, 4, "PER", "e0")]
    assert NESTED not in doc.spans


def test_whitespace_tokens_are_left_out() -> None:
    doc, _ = build_doc(
        VOCAB,
        [["\xa0", "In", " ", "New", "\xa0", "York", " "], [" "]],
        [Mention(3, 6, "LOC"), Mention(4, 5, "LOC")],
    )
    assert doc.text == "In New York"
    assert [e.text for e in doc.ents] == ["New York"]
    assert len(list(doc.sents)) == 1


def test_overlapping_mentions_keep_the_longest_and_lose_none() -> None:
    words = [["University", "of", "New", "York", "City"]]
    mentions = [
        Mention(2, 4, "LOC", "e1"),
        Mention(0, 4, "ORG", "e0"),
        Mention(2, 5, "LOC", "e2"),
        Mention(0, 4, "ORG", "e0"),
    ]
    doc, spans = build_doc(VOCAB, words, mentions)
    assert places(doc.ents) == [(0, 4, "ORG", "e0")]
    assert places(doc.spans[NESTED]) == [(2, 4, "LOC", "e1"), (2, 5, "LOC", "e2")]
    assert len(spans) == 3


def test_a_mention_that_touches_only_a_nested_one_is_an_entity() -> None:
    doc, _ = build_doc(VOCAB, [["a"] * 6], [Mention(0, 4, "A"), Mention(3, 6, "B"), Mention(5, 6, "C")])
    assert places(doc.ents) == [(0, 4, "A", ""), (5, 6, "C", "")]
    assert places(doc.spans[NESTED]) == [(3, 6, "B", "")]


def test_one_place_two_entities_and_one_entity_two_labels() -> None:
    doc, spans = build_doc(
        VOCAB,
        [["Paris"]],
        [Mention(0, 1, "PER", "e1"), Mention(0, 1, "LOC", "e0"), Mention(0, 1, "ORG", "e0")],
    )
    assert places(spans) == [(0, 1, "LOC", "e0"), (0, 1, "PER", "e1")]
    assert len(doc.ents) == 1
    assert len(doc.spans[NESTED]) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 3), st.sampled_from("AB"), st.sampled_from(["e0", "e1"]))
    )
)
@settings(deadline=None)
def test_every_mention_is_kept_once(rows: list[tuple[int, int, str, str]]) -> None:
    mentions = [Mention(start, min(start + n, 6), label, cluster) for start, n, label, cluster in rows]
    doc, spans = build_doc(VOCAB, [["a"] * 6], mentions)
    got = [(s.start, s.end, s.id_) for s in spans]
    assert sorted(got) == sorted({(m.start, m.end, m.cluster) for m in mentions})
    assert sorted(places([*doc.ents, *doc.spans.get(NESTED, [])])) == sorted(places(spans))


def test_empty() -> None:
    doc, spans = build_doc(VOCAB, [], [])
    assert (len(doc), spans) == (0, [])
