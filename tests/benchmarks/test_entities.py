"""Three types are compared, whatever a pipeline calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from benchmarks import entities
from benchmarks.entities import SOURCES, compare, measure, read_source

DATA = Path(__file__).parents[3] / "shared" / "data"


@Language.component("benchmark_entities")
def find(doc: Doc) -> Doc:
    doc.ents = [Span(doc, i, i + 1, token.text) for i, token in enumerate(doc) if token.is_upper]
    return doc


def test_names_of_types_do_not_matter_and_other_types_do_not_count() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("benchmark_entities")
    gold = nlp.make_doc("PERSON met GPE at ORG in DATE")
    gold.ents = [Span(gold, 0, 1, "politician"), Span(gold, 2, 3, "country"), Span(gold, 4, 5, "misc")]
    ((predicted, right),) = compare(nlp, [gold])
    assert right == {(0, 6, "PER"), (11, 14, "LOC")}
    assert predicted == right | {(18, 21, "ORG")}


@pytest.mark.skipif(not DATA.is_dir(), reason="public data is not here")
def test_each_source_has_the_three_types(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = spacy.blank("en")
    monkeypatch.setattr(
        entities,
        "compare",
        lambda nlp, golds: [entities.Comparison(g, g) for g in map(entities._three, golds)],
    )
    figures = measure(nlp, DATA)
    assert set(figures) == set(SOURCES)
    assert all(figure["value"] == 1.0 for figure in figures.values())
    for name in SOURCES:
        golds = list(read_source(DATA, name, nlp.vocab))
        assert figures[name]["documents"] == len(golds) > 0
        assert {place[-1] for gold in golds for place in entities._three(gold)} == {"PER", "ORG", "LOC"}
