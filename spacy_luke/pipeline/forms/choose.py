"""Which form an architecture has."""

from __future__ import annotations

from typing import Any

from thinc.api import Model

from ...errors import Errors
from .form import Form
from .joint import JointForm
from .marked import EntityForm, PairForm
from .spans import SpanForm

# By the name of the thinc model.
FORMS: dict[str, type[Form]] = {
    "luke_joint": JointForm,
    "luke_candidate_spans": SpanForm,
    "luke_marked_entity": EntityForm,
    "luke_marked_pair": PairForm,
}
ARCHITECTURES = ("Joint", "CandidateSpans", "MarkedEntity", "MarkedPair")


def make_form(model: Model[Any, Any]) -> Form:
    """Choose how Docs are put to a model.

    model (Model): What an architecture function made.
    RETURNS (Form): Its form.
    RAISES (ValueError): If it is of none of these architectures.
    """
    if model.name not in FORMS:
        allowed = ", ".join(f"spacy-luke.{name}.v1" for name in ARCHITECTURES)
        raise ValueError(Errors.L333.format(found=model.name, allowed=allowed))
    return FORMS[model.name](model)
