"""What is stored comes back the same from every way a document can travel."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

from spacy_luke import annotation
from spacy_luke.annotation import (
    KEY,
    facts_from_relations,
    has_relations,
    normalize,
    set_extensions,
    write_entities,
)
from spacy_luke.types import Fact, Relation

set_extensions()
NLP = spacy.blank("en")

# Scripts, emoji with modifiers and joiners, zero-width characters: offsets are characters, not bytes.
WORDS = [
    "Curie",
    "Warsaw",
    "👩‍🔬",
    "🇵🇱",
    "ماري",
    "كوري",
    "zero\u200bwidth",
    "\u200d",
    "e\u0301",
    "İstanbul",
    "'s",
    "東京",
]
LABELS = ["", "PER", "LOC", "A:B", "1:2:3", "ΩΣ"]


def via_bytes(doc: Doc) -> Doc:
    return Doc(doc.vocab).from_bytes(doc.to_bytes())


def via_docbin(doc: Doc) -> Doc:
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    return next(DocBin(store_user_data=True).from_bytes(data).get_docs(doc.vocab))


def via_pickle(doc: Doc) -> Doc:
    copy: Doc = pickle.loads(pickle.dumps(doc))
    return copy


WAYS: list[Callable[[Doc], Doc]] = [
    via_bytes,
    via_docbin,
    via_pickle,
    Doc.copy,
    lambda d: via_docbin(via_bytes(d)),
]


def plain(span: Span) -> tuple:
    return (span.start, span.end, span.label_, span.kb_id_, span.id_, span.text)


def outputs(doc: Doc) -> tuple:
    """All that a user can read, without reference to the document."""
    spans = [span for group in doc.spans.values() for span in group]
    facts = [
        (*fact[:5], [(plain(p.head), plain(p.tail), *p[2:]) for p in fact.pairs]) for fact in doc._.luke_facts
    ]
    return (
        [(plain(span), span._.luke_label, list(span._.luke_labels.items())) for span in spans],
        [None if span._.luke_vector is None else span._.luke_vector.tolist() for span in spans],
        [(plain(r.head), plain(r.tail), *r[2:]) for r in doc._.luke_relations],
        has_relations(doc),
        facts,
    )


scores = st.floats(0, 1)


@st.composite
def annotated_docs(draw: st.DrawFn) -> Doc:
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8))
    spaces = draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    doc = Doc(NLP.vocab, words=words, spaces=spaces)
    token = st.integers(0, len(words) - 1)
    place = st.tuples(token, token, st.sampled_from(LABELS)).map(lambda t: (min(t[:2]), max(t[:2]) + 1, t[2]))
    places = draw(st.lists(place, max_size=5, unique=True))
    spans = [
        Span(doc, *at, kb_id=draw(st.sampled_from(["", "Q1"])), span_id=draw(st.sampled_from(["", "e1"])))
        for at in places
    ]
    doc.spans["sc"] = spans
    label = st.sampled_from(["PER", "born in", "出生地"])
    if draw(st.booleans()):
        rows = [draw(st.dictionaries(label, scores, max_size=3)) for _ in spans]
        write_entities(doc, spans, rows, [draw(st.sampled_from(LABELS)) for _ in spans])
    if draw(st.booleans()):
        write_entities(doc, spans, vectors=draw_matrix(draw, len(spans)))
    if draw(st.booleans()):
        doc._.luke_relations = draw_relations(draw, spans, label)
    if draw(st.booleans()):
        doc._.luke_facts = facts_from_relations(draw_relations(draw, spans, label))
    return doc


def draw_matrix(draw: st.DrawFn, n: int) -> np.ndarray:
    row = st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3)
    return np.array([draw(row) for _ in range(n)], dtype=np.float32).reshape(n, 3)


def draw_relations(draw: st.DrawFn, spans: list[Span], label: st.SearchStrategy[str]) -> list[Relation]:
    if not spans:
        return []
    ids = st.sampled_from(["", "P19"])
    span = st.sampled_from(spans)
    return draw(st.lists(st.builds(Relation, span, span, label, scores, ids), max_size=5))


@pytest.mark.parametrize("way", WAYS)
@given(doc=annotated_docs())
@settings(max_examples=40, deadline=None)
def test_outputs_survive(way: Callable[[Doc], Doc], doc: Doc) -> None:
    assert outputs(way(doc)) == outputs(doc)


@given(doc=annotated_docs())
@settings(max_examples=40, deadline=None)
def test_only_plain_data_is_stored(doc: Doc) -> None:
    assert set(doc.user_data) <= {KEY}

    def check(value: object) -> None:
        assert type(value) in (dict, list, tuple, str, int, float, np.ndarray)
        members = value.values() if isinstance(value, dict) else value
        for item in members if isinstance(value, (dict, list, tuple)) else ():
            check(item)
        if isinstance(value, dict):
            assert all(type(key) is str for key in value)

    check(doc.user_data.get(KEY, {}))


@given(doc=annotated_docs())
@settings(max_examples=5, deadline=None)
def test_rows_are_nothing_for_the_garbage_collector(doc: Doc) -> None:
    doc._.luke_relations = [Relation(doc[:1], doc[:1], "same", 0.5)]
    doc._.luke_facts = facts_from_relations(doc._.luke_relations)
    gc.collect()
    tables = doc.user_data[KEY]
    rows = [row for kind in ("relations", "facts") for part in tables[kind].values() for row in part]
    assert len(rows) == 5  # a mention and a pair each, and a fact
    assert not any(map(gc.is_tracked, rows))


@pytest.fixture
def doc() -> Doc:
    doc = NLP("Marie Curie was born in Warsaw , Poland .")
    doc.ents = [
        Span(doc, 0, 2, "PER", kb_id="Q7186", span_id="e0"),
        Span(doc, 5, 6, "LOC"),
        Span(doc, 7, 8, "LOC"),
    ]
    return doc


def test_nothing_known(doc: Doc) -> None:
    span = doc.ents[0]
    assert span._.luke_label == ""
    assert span._.luke_labels == {}
    assert span._.luke_vector is None
    assert doc._.luke_relations == ()
    assert doc._.luke_facts == ()
    assert not has_relations(doc)
    assert doc.user_data == {}


def test_nested_and_twin_spans_keep_their_own(doc: Doc) -> None:
    spans = [doc[0:2], doc[0:1], Span(doc, 0, 1, "PER"), Span(doc, 0, 1, "ORG")]
    write_entities(doc, spans, [{"a": i / 4} for i in range(4)], list("abcd"), np.arange(8).reshape(4, 2))
    for i, span in enumerate(spans):
        assert span._.luke_labels == {"a": i / 4}
        assert span._.luke_label == "abcd"[i]
        np.testing.assert_array_equal(span._.luke_vector, [2 * i, 2 * i + 1])
    assert Span(doc, 0, 1, "LOC")._.luke_label == ""


def test_writer_replaces_its_kinds_and_leaves_the_others(doc: Doc) -> None:
    per, warsaw, _ = doc.ents
    write_entities(doc, [per], [{"PER": 1.0}], ["PER"], np.ones((1, 2)))
    write_entities(doc, [warsaw], best=["CITY"])
    assert (per._.luke_label, warsaw._.luke_label) == ("", "CITY")
    assert per._.luke_labels == {"PER": 1.0}
    assert per._.luke_vector is not None
    assert warsaw._.luke_vector is None


def test_reading_gives_copies(doc: Doc) -> None:
    per = doc.ents[0]
    vectors = np.ones((1, 2), dtype="float32")
    write_entities(doc, [per], [{"PER": 1.0}], vectors=vectors)
    vectors[:] = 5
    per._.luke_labels["X"] = 0.5
    per._.luke_vector[:] = 7
    assert per._.luke_labels == {"PER": 1.0}
    np.testing.assert_array_equal(per._.luke_vector, [1, 1])
    assert via_docbin(doc).ents[0]._.luke_vector.flags.writeable
    assert via_bytes(doc).ents[0]._.luke_vector.dtype == np.float32


def test_span_attributes_can_be_assigned_and_removed(doc: Doc) -> None:
    per, warsaw, _ = doc.ents
    for span, width in ((per, 1.0), (warsaw, 2.0)):
        span._.luke_label = "x"
        span._.luke_labels = {"x": 1.0}
        span._.luke_vector = np.full(3, width)
    warsaw._.luke_vector = [4, 5, 6]
    np.testing.assert_array_equal(per._.luke_vector, [1, 1, 1])
    np.testing.assert_array_equal(warsaw._.luke_vector, [4, 5, 6])
    with pytest.raises(ValueError, match="shape"):
        per._.luke_vector = [1.0, 2.0]
    per._.luke_label = per._.luke_labels = per._.luke_vector = None
    assert (per._.luke_label, per._.luke_labels, per._.luke_vector) == ("", {}, None)
    assert warsaw._.luke_label == "x"
    warsaw._.luke_label = warsaw._.luke_labels = warsaw._.luke_vector = None
    assert doc.user_data == {}


def test_no_labels_is_not_the_same_as_unknown_labels(doc: Doc) -> None:
    doc.ents[0]._.luke_labels = {}
    doc = via_bytes(doc)
    assert [annotation.has_labels(span) for span in doc.ents] == [True, False, False]


def test_relations_bring_the_documents_own_spans_back(doc: Doc) -> None:
    per, warsaw, poland = doc.ents
    doc.spans["sc"] = [Span(doc, 0, 1, "FIRST", kb_id="Q9", span_id="x")]
    first = doc.spans["sc"][0]
    free = Span(doc, 4, 6, "PLACE", kb_id="Q3", span_id="y")
    doc._.luke_relations = [
        Relation(per, warsaw, "born", 0.5, "P19"),
        (first, poland, "r"),
        (free, per, "s", 0.25),
    ]
    expected = (
        Relation(per, warsaw, "born", 0.5, "P19"),
        Relation(first, poland, "r", 1.0, ""),
        Relation(free, per, "s", 0.25, ""),
    )
    assert doc._.luke_relations == expected
    for way in WAYS:
        copy = way(doc)
        relation = copy._.luke_relations[0]
        assert relation.head == copy.ents[0]
        assert relation.head.kb_id_ == "Q7186"
        assert copy._.luke_relations[1].head == copy.spans["sc"][0]


def test_relations_follow_a_later_linker(doc: Doc) -> None:
    doc._.luke_relations = [(doc.ents[0], doc.ents[1], "born")]
    doc.ents = [Span(doc, e.start, e.end, e.label_, kb_id="Q" + e.text) for e in doc.ents]
    assert doc._.luke_relations[0].tail == doc.ents[1]
    assert doc._.luke_relations[0].tail.kb_id_ == "QWarsaw"


def test_relations_survive_a_merge_that_swallows_a_mention(doc: Doc) -> None:
    doc._.luke_relations = [(doc.ents[1], doc.ents[0], "r")]
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[5:8])
    assert doc._.luke_relations[0].head.text == "Warsaw , Poland"


def test_annotated_with_none_differs_from_never_annotated(doc: Doc) -> None:
    doc._.luke_relations = ()
    for way in WAYS:
        assert has_relations(way(doc))
    doc._.luke_relations = None
    assert not has_relations(doc)
    assert doc.user_data == {}


def test_second_writer_replaces(doc: Doc) -> None:
    per, warsaw, poland = doc.ents
    doc._.luke_relations = [(per, warsaw, "born")]
    doc._.luke_relations = iter([(warsaw, poland, "country")])
    assert [r.label for r in doc._.luke_relations] == ["country"]


def test_spans_of_a_copy_are_accepted(doc: Doc) -> None:
    copy = via_bytes(doc)
    doc._.luke_relations = [(copy.ents[0], copy.ents[1], "born")]
    assert doc._.luke_relations[0].head == doc.ents[0]


BAD = [
    (lambda d: 3, TypeError, "iterable of Relations"),
    (lambda d: "born", TypeError, "iterable of Relations"),
    (lambda d: [("Marie", d.ents[0], "r")], TypeError, "head of a relation has to be a spaCy Span"),
    (lambda d: [(d.ents[0], d[5], "r")], TypeError, "tail of a relation has to be a spaCy Span"),
    (lambda d: [(d.ents[0], d.ents[1])], TypeError, "A relation has to be a"),
    (lambda d: [(d.ents[0], NLP("Other text")[:1], "r")], ValueError, "another text"),
    (lambda d: [(d.ents[0], d[3:3], "r")], ValueError, "empty"),
    (lambda d: [(d.ents[0], d.ents[1], "")], ValueError, "non-empty string"),
    (lambda d: [(d.ents[0], d.ents[1], 7)], ValueError, "non-empty string"),
    (lambda d: [(d.ents[0], d.ents[1], "r", 1.5)], ValueError, r"number in \[0, 1\]"),
    (lambda d: [(d.ents[0], d.ents[1], "r", float("nan"))], ValueError, r"number in \[0, 1\]"),
    (lambda d: [(d.ents[0], d.ents[1], "r", None)], ValueError, r"number in \[0, 1\]"),
    (lambda d: [(d.ents[0], d.ents[1], "r", 1.0, 19)], TypeError, "id of a relation"),
]


@pytest.mark.parametrize(("value", "error", "match"), BAD)
def test_bad_relations_are_refused_and_change_nothing(
    doc: Doc, value: Callable[[Doc], object], error: type[Exception], match: str
) -> None:
    doc._.luke_relations = [(doc.ents[0], doc.ents[1], "born")]
    with pytest.raises(error, match=match):
        doc._.luke_relations = value(doc)
    assert [r.label for r in doc._.luke_relations] == ["born"]


def test_bad_entities_are_refused(doc: Doc) -> None:
    spans = list(doc.ents)
    with pytest.raises(ValueError, match="Expected 3 labels"):
        write_entities(doc, spans, [{}])
    with pytest.raises(ValueError, match="Expected 3 best labels"):
        write_entities(doc, spans, best=["a"])
    with pytest.raises(ValueError, match=r"shape \(3, width\)"):
        write_entities(doc, spans, vectors=np.zeros(3))
    with pytest.raises(TypeError, match="labels with their probabilities"):
        write_entities(doc, spans[:1], ["PER"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="another text"):
        write_entities(NLP("Something else"), spans, best=["a", "b", "c"])
    assert doc.user_data == {}


def test_numpy_scores_become_plain_floats(doc: Doc) -> None:
    write_entities(doc, doc.ents[:1], [{"PER": np.float32(0.5)}])
    doc._.luke_relations = [(doc.ents[0], doc.ents[1], "r", np.float32(0.5))]
    assert type(doc.ents[0]._.luke_labels["PER"]) is float
    assert type(doc._.luke_relations[0].score) is float


def test_entry_of_another_text_is_not_used(doc: Doc) -> None:
    doc._.luke_relations = [(doc.ents[0], doc.ents[1], "born")]
    part = doc[4:].as_doc(copy_user_data=True)
    with pytest.warns(UserWarning, match="made for a text of"):
        assert part._.luke_relations == ()
    with pytest.warns(UserWarning, match="made for a text of"):
        part._.luke_relations = ()
    assert has_relations(part)
    assert len(doc._.luke_relations) == 1


def test_shallow_copies_do_not_share_later_writes(doc: Doc) -> None:
    doc.ents[0]._.luke_label = "a"
    whole = doc[:].as_doc(copy_user_data=True)
    whole.ents[0]._.luke_label = "b"
    assert doc.ents[0]._.luke_label == "a"


def test_store_nothing_forgets_everything(doc: Doc) -> None:
    doc._.luke_relations = ()
    annotation.store(doc, {})
    assert doc.user_data == {}


def test_normalize() -> None:
    assert normalize(" New\n YORK\u00a0City ") == "new york city"
    assert normalize("STRASSE") == normalize("straße")


def test_facts_gather_pairs(doc: Doc) -> None:
    doc = NLP("Curie met CURIE in Warsaw and  warsaw . Paris")
    a, b, warsaw, lower, paris = doc[0:1], doc[2:3], doc[4:5], doc[7:8], doc[9:10]
    facts = facts_from_relations(
        [
            Relation(b, paris, "lived", 0.3),
            Relation(b, lower, "born", 0.9, "P19"),
            Relation(a, warsaw, "born", 0.4),
            Relation(a, warsaw, "died", 0.2),
        ]
    )
    assert [f[:5] for f in facts] == [
        ("CURIE", "warsaw", "born", 0.9, "P19"),
        ("Curie", "Warsaw", "died", 0.2, ""),
        ("CURIE", "Paris", "lived", 0.3, ""),
    ]
    assert [pair.score for pair in facts[0].pairs] == [0.9, 0.4]
    assert facts_from_relations([]) == ()


def test_facts_are_stored_as_they_are(doc: Doc) -> None:
    per, warsaw, poland = doc.ents
    fact = Fact("M. Curie", "Warszawa", "born", 0.75, "P19", (Relation(per, warsaw, "born", 0.5),))
    doc._.luke_facts = [
        fact,
        Fact("a", "b", "c", 0.1, "", (Relation(per, poland, "x"), Relation(per, per, "y"))),
    ]
    assert doc._.luke_facts[0] == fact
    assert [f[:5] for f in via_bytes(doc)._.luke_facts] == [f[:5] for f in doc._.luke_facts]
    with pytest.raises(TypeError, match="at least one supporting pair"):
        doc._.luke_facts = [Fact("a", "b", "c", 0.1, "", ())]
    assert len(doc._.luke_facts) == 2
    doc._.luke_facts = None
    assert doc.user_data == {}
