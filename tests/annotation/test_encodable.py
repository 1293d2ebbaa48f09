"""Text that can't be encoded is refused where it is assigned: later it would cost a stream or a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_luke import Fact, Relation, set_extensions

HALF = "what \ud83d is it"  # the first half of an emoji
WHOLE = "what \U0001f600 is it"


def _span(doc: Doc) -> Any:
    return Span(doc, 0, 1, "PER")._


def _relations(doc: Doc, label: str, id_: str = "") -> list[Relation]:
    return [Relation(doc[0:1], doc[1:2], label, 1.0, id_)]


ASSIGNMENTS: dict[str, Callable[[Doc, str], Any]] = {
    "text pair": lambda doc, text: setattr(doc._, "luke_text_pair", text),
    "question": lambda doc, text: setattr(doc._, "luke_question", text),
    "questions": lambda doc, text: setattr(doc._, "luke_question", ["who", text]),
    "choices": lambda doc, text: setattr(doc._, "luke_choices", ["tea", text]),
    "tag": lambda doc, text: setattr(doc[0]._, "luke_tag", text),
    "label": lambda doc, text: setattr(_span(doc), "luke_label", text),
    "labels": lambda doc, text: setattr(_span(doc), "luke_labels", {text: 0.5}),
    "candidates": lambda doc, text: setattr(_span(doc), "luke_candidates", [(text, 0.5)]),
    "relation": lambda doc, text: setattr(doc._, "luke_relations", _relations(doc, text)),
    "relation's id": lambda doc, text: setattr(doc._, "luke_relations", _relations(doc, "likes", text)),
    "fact": lambda doc, text: setattr(
        doc._, "luke_facts", [Fact(text, "tea", "likes", 1.0, "", tuple(_relations(doc, "likes")))]
    ),
}


@pytest.mark.parametrize("assign", ASSIGNMENTS.values(), ids=ASSIGNMENTS)
def test_half_of_a_surrogate_pair_is_refused(assign: Callable[[Doc, str], Any]) -> None:
    set_extensions()
    doc = spacy.blank("en")("Ana likes tea")
    with pytest.raises(ValueError, match="character 5 is half of a surrogate pair"):
        assign(doc, HALF)
    assign(doc, WHOLE)
    DocBin(docs=[doc], store_user_data=True).to_bytes()
