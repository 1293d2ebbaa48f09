"""What pipes on entities say once: that they were not to look for entities, and that relations can never hold."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import spacy
from every_pipe import make, save
from spacy.language import Language
from spacy.tokens import Doc, Span

NO_SEARCH = "looked for no entities"


@pytest.fixture(scope="module")
def checkpoint(make_checkpoint: Any) -> str:
    return make_checkpoint()


def luke(checkpoint: str, name: str = "luke", ruler: list[str] | None = None, **config: Any) -> Language:
    nlp = spacy.blank("en")
    if ruler is not None:
        patterns = [{"label": "PER", "pattern": pattern} for pattern in ruler]
        nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.add_pipe(name, config={"model": {"checkpoint": checkpoint, "overlap": 16}, **config})
    return nlp


def told(nlp: Language, *texts: str | Doc) -> list[str]:
    """What is said while texts are read."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for text in texts:
            nlp(text)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("name", ["luke", "luke_ner"])
def test_a_ruler_that_found_nothing_turns_ner_off_and_it_is_said_once(checkpoint: str, name: str) -> None:
    nlp = luke(checkpoint, name, ruler=["Nobody"])
    (message,) = told(nlp, "Ana was born in Rome .", "Bob lives in Oslo .")
    assert NO_SEARCH in message
    assert "set find_entities to true" in message
    assert not nlp("Ana was born in Rome .").ents
    with_candidates = luke(checkpoint, name, ruler=["Nobody"], find_entities=True)
    assert told(with_candidates, "Ana was born in Rome .") == []
    assert told(luke(checkpoint, name, ruler=["Nobody"], find_entities=False), "Ana was born .") == []


def test_candidate_spans_say_it_too(tmp_path: Path) -> None:
    nlp = make("luke_ner", save("luke_ner", tmp_path))
    doc = nlp.make_doc("Ana was born in Rome .")
    doc.ents = []
    (message,) = told(nlp, doc)
    assert NO_SEARCH in message


def test_nothing_is_said_where_somebody_finds_entities(checkpoint: str) -> None:
    nlp = luke(checkpoint, ruler=["Ana"])
    assert told(nlp, "Ana was born in Rome .", "tea", "Bob lives in Oslo .") == []
    assert told(luke(checkpoint), "Ana was born in Rome .", "tea", "", " ") == []


# --- allowed_relations ---------------------------------------------------------------------


def test_relations_of_labels_that_ner_never_gives(checkpoint: str) -> None:
    allowed = {"born in": [["person", "place"], ["PER", "place"]], "works for": [["PER", "ORG"]]}
    nlp = luke(checkpoint, allowed_relations=allowed)
    (message,) = told(nlp, "Ana was born in Rome .", "Bob lives in Oslo .")
    assert "lets 'born in' hold only between entities labelled 'person', 'place'" in message
    assert "labelled 'LOC', 'ORG', 'PER'" in message
    assert "ent.label_, not span._.luke_label" in message
    fits = {"born in": [["person", "place"], ["PER", "LOC"]], "works for": []}
    assert told(luke(checkpoint, allowed_relations=fits), "Ana was born in Rome .") == []


@pytest.mark.parametrize("name", ["luke", "luke_relations"])
def test_relations_of_given_entities(checkpoint: str, tmp_path: Path, name: str) -> None:
    def pipeline(allowed: dict[str, Any]) -> Language:
        if name == "luke":
            return luke(checkpoint, allowed_relations=allowed, find_entities=False)
        return make(name, save(name, tmp_path), allowed_relations=allowed)

    def given(nlp: Language, *labels: str) -> Doc:
        doc = nlp.make_doc("Ana was born in Rome .")
        doc.ents = [Span(doc, i * 4, i * 4 + 1, label) for i, label in enumerate(labels)]
        return doc

    nlp = pipeline({"born in": [["person", "place"]]})
    (message,) = told(nlp, given(nlp, "PERSON", "GPE"), given(nlp, "PERSON", "GPE"))
    assert "labelled 'person', 'place', but the entities here are labelled 'GPE', 'PERSON'" in message
    assert told(nlp, given(nlp, "person", "place")) == []
    nlp = pipeline({"born in": [["person", "place"]]})
    assert told(nlp, given(nlp, "person", "place"), given(nlp)) == []


def test_an_error_says_which_label_is_meant(checkpoint: str) -> None:
    with pytest.raises(ValueError, match=r"labels as in ent\.label_"):
        luke(checkpoint, allowed_relations={"born in": [["PER"]]})
