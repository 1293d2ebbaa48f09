"""Documents with anything that can stand on one, for hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
import spacy
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_luke import Fact, Relation, set_extensions
from spacy_luke.annotation import write_all_candidates, write_entities

set_extensions()
NLP = spacy.blank("en")
words = st.sampled_from(
    ["Ana", "don't", " ", "\n\n", "Ł.", "👩‍🔬", "U.S.", "a  b", "\t", "日本", "e\u0301", "(x)"]
)
labels = st.sampled_from(["PER", "LOC", "a:b", "é"])
scores = st.floats(0, 1)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def spans(draw: Any, doc: Doc, apart: bool = False) -> list[Span]:
    """Spans of a document; apart: that don't overlap."""
    found: list[Span] = []
    for _ in range(draw(st.integers(0, 3)) if len(doc) else 0):
        start = draw(st.integers(found[-1].end if found and apart else 0, len(doc)))
        end = draw(st.integers(start, min(len(doc), start + 3)))
        if start < end:
            found.append(Span(doc, start, end, draw(labels), draw(names), draw(names)))
    return found


@st.composite
def documents(draw: Any) -> Doc:
    """A document on which some things are annotated, and others not."""
    texts = draw(st.lists(words, max_size=8))
    spaces = draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    doc = Doc(NLP.vocab, words=texts, spaces=spaces)
    some = st.booleans()
    if draw(some):
        for token in doc:
            token.is_sent_start = draw(st.sampled_from([True, False, None]))
    if draw(some):
        missing = [doc[t.i : t.i + 1] for t in doc if draw(some)] if draw(some) else []
        ents = draw(spans(doc, apart=True))
        taken = {token.i for ent in ents for token in ent}
        doc.set_ents(ents, missing=[m for m in missing if m.start not in taken], default="outside")
    for key in draw(st.lists(names, max_size=2)):
        doc.spans[key] = draw(spans(doc))
        doc.spans[key].attrs["scores"] = np.array([draw(scores) for _ in doc.spans[key]], dtype="float32")
    _annotate_spans(draw, doc, [*doc.ents, *(span for group in doc.spans.values() for span in group)])
    _relate(draw, doc)
    doc.cats = draw(st.dictionaries(labels, scores, max_size=2))
    doc._.luke_id = draw(st.none() | labels)
    doc._.luke_meta = draw(st.none() | st.dictionaries(names, values, max_size=2))
    doc._.luke_text_pair = draw(st.none() | names)
    doc._.luke_question = draw(st.none() | names | st.lists(names, min_size=1, max_size=2))
    doc._.luke_choices = draw(st.none() | st.just(["a", "b"]))
    if doc._.luke_choices and draw(some):
        doc._.luke_choice = "b"
    if draw(some):
        doc.user_data["luke_relations_looked_for"] = draw(st.lists(labels))
    if len(doc) and draw(some):
        doc[0]._.luke_tag = "TAG"
    return doc


def _annotate_spans(draw: Any, doc: Doc, members: list[Span]) -> None:
    chosen = [span for span in members if draw(st.booleans())]
    write_entities(doc, chosen, labels=[draw(st.dictionaries(labels, scores, max_size=2)) for _ in chosen])
    write_entities(doc, chosen, best=[draw(labels | st.just("")) for _ in chosen])
    if draw(st.booleans()):
        write_entities(
            doc, chosen, vectors=np.full((len(chosen), 2), draw(st.floats(-9, 9)), dtype="float32")
        )
    write_all_candidates(doc, chosen, [draw(st.lists(st.tuples(names, scores), max_size=2)) for _ in chosen])


def _relate(draw: Any, doc: Doc) -> None:
    """Between members, and between spans that are no members."""
    ends = [*doc.ents, *draw(spans(doc))]
    if not ends:
        doc._.luke_relations = draw(st.none() | st.just(()))
        return
    end = st.sampled_from(ends)
    relation = st.builds(Relation, end, end, labels, scores, names)
    doc._.luke_relations = draw(st.none() | st.lists(relation, max_size=3))
    doc._.luke_unsure_relations = draw(st.none() | st.lists(relation, max_size=1))
    pairs = st.lists(relation, min_size=1, max_size=2).map(tuple)
    facts = st.lists(st.builds(Fact, labels, labels, labels, scores, names, pairs), max_size=2)
    doc._.luke_facts = draw(st.none() | facts)
