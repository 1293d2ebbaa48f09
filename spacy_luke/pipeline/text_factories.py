"""The factories of the pipes on whole texts. Importing this must stay cheap: no torch, no tokenizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Model

from .textcat import LukeTextCategorizer


def _defaults(architecture: str, scorer: str, **settings: Any) -> dict[str, Any]:
    return {
        "model": {"@architectures": f"spacy-luke.{architecture}.v1", "checkpoint": None},
        **settings,
        "max_batch_pieces": 8192,
        "scorer": {"@scorers": f"spacy-luke.{scorer}.v1"},
    }


@Language.factory(
    "luke_textcat",
    assigns=["doc.cats"],
    default_config=_defaults("SequenceClassification", "textcat_scorer", problem_type=None),
    default_score_weights={"cats_score": 1.0},
)
def make_textcat(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    problem_type: str | None,
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukeTextCategorizer:
    """Make the `luke_textcat` component.

    nlp (Language): The pipeline.
    name (str): Name of the component.
    model (Model): The model.
    problem_type (str | None): "single_label_classification", "multi_label_classification" or "regression"; None for
        what the checkpoint says, and the first of them for new labels.
    max_batch_pieces (int): Most word pieces of a padded batch.
    scorer (Callable | None): The scorer.
    RETURNS (LukeTextCategorizer): The component.
    """
    return LukeTextCategorizer(
        nlp.vocab, model, name, problem_type=problem_type, max_batch_pieces=max_batch_pieces, scorer=scorer
    )
