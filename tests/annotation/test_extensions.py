"""The attributes are registered once, never over those of others, and work in other processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, Token
from spacy.tokens.underscore import Underscore

from spacy_luke.annotation import set_extensions

NAMES = {
    Span: ["luke_label", "luke_labels", "luke_vector", "luke_candidates"],
    Doc: [
        "luke_relations",
        "luke_facts",
        "luke_text_pair",
        "luke_question",
        "luke_choices",
        "luke_choice",
        "luke_id",
        "luke_meta",
        "luke_data",
    ],
    Token: ["luke_tag"],
}


@pytest.fixture
def fresh() -> Iterator[None]:
    """No extensions registered, and afterwards those that were."""
    before = tuple(dict(extensions) for extensions in Underscore.get_state())
    for extensions in Underscore.get_state():
        extensions.clear()
    yield
    for extensions, old in zip(Underscore.get_state(), before, strict=True):
        extensions.clear()
        extensions.update(old)


@pytest.mark.usefixtures("fresh")
def test_registers_all_and_again() -> None:
    for _ in range(2):
        set_extensions()
        assert all(kind.has_extension(name) for kind, names in NAMES.items() for name in names)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("foreign", [{"default": None}, {"default": ""}, {"getter": len}, {"method": len}])
@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in NAMES.items() for n in names])
def test_foreign_extension_is_never_overwritten(kind: type, name: str, foreign: dict) -> None:
    kind.set_extension(name, **foreign)  # type: ignore[attr-defined]
    before = kind.get_extension(name)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=f"'{name}' of {kind.__name__} is already registered"):
        set_extensions()
    assert kind.get_extension(name) == before  # type: ignore[attr-defined]
    others = [(k, n) for k, names in NAMES.items() for n in names if n != name]
    assert not any(k.has_extension(n) for k, n in others), "all or nothing"


@Language.component("luke_test_annotate")
def annotate(doc: Doc) -> Doc:
    set_extensions()
    doc.ents = [Span(doc, 0, 1, "A"), Span(doc, 1, 2, "B")]
    head, tail = doc.ents
    doc._.luke_relations = [(head, tail, "r", 0.5, "P1")]
    head._.luke_labels = {"A": 0.9}
    head._.luke_vector = [1.0, 2.0]
    return doc


def test_other_processes() -> None:
    set_extensions()
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_test_annotate")
    docs = list(nlp.pipe(["one two three", "four 👩‍🔬 six"] * 2, n_process=2))
    assert len(docs) == 4
    for doc in docs:
        assert doc._.luke_relations == ((doc.ents[0], doc.ents[1], "r", 0.5, "P1"),)
        assert doc.ents[0]._.luke_labels == {"A": 0.9}
        assert doc.ents[0]._.luke_vector.tolist() == [1.0, 2.0]
