"""The factories of the pipes on whole texts. Importing this must stay cheap: no torch, no tokenizers.

Settings of all of them:

model (Model): The model.
entity_input (str): Entities that are read with the words: "none"; "mask", for what the text says of them; "title",
    for what the model knows of them, by their titles in the entity vocabulary.
entities (Callable): Gives the entities of a Doc, from `doc.ents` by default.
titles (Callable): Gives the title of an entity, from `ent.kb_id_` by default.
max_batch_pieces (int): Most tokens of a padded batch, word pieces and entities, in training too.
scorer (Callable | None): The scorer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import Model

from .choice import LukeMultipleChoice
from .entity_input import EntityInput
from .qa import LukeQuestionAnswering
from .streamed import BATCH_PIECES
from .tagger import LukeTagger
from .textcat import LukeTextCategorizer

Entities = Callable[[Doc], list[Span]]
Titles = Callable[[Span], str]


def _defaults(architecture: str, scorer: str, **settings: Any) -> dict[str, Any]:
    return {
        "model": {"@architectures": f"spacy-luke.{architecture}.v1", "checkpoint": None},
        **settings,
        "entity_input": "none",
        "entities": {"@misc": "spacy-luke.doc_ents.v1"},
        "titles": {"@misc": "spacy-luke.kb_id_titles.v1"},
        "max_batch_pieces": BATCH_PIECES,
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
    entity_input: str,
    entities: Entities,
    titles: Titles,
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukeTextCategorizer:
    """Make the `luke_textcat` component. See `LukeTextCategorizer` for its own settings."""
    return LukeTextCategorizer(
        nlp.vocab,
        model,
        name,
        problem_type=problem_type,
        entity_input=EntityInput.make(name, entity_input, entities, titles),
        max_batch_pieces=max_batch_pieces,
        scorer=scorer,
    )


@Language.factory(
    "luke_tagger",
    assigns=["token._.luke_tag"],
    default_config=_defaults(
        "TokenClassification", "tagger_scorer", pieces="first", gold="luke_tag", outside="O"
    ),
    default_score_weights={
        "luke_tag_acc": 1.0,
        "luke_tag_micro_f": 0.0,
        "luke_tag_micro_p": 0.0,
        "luke_tag_micro_r": 0.0,
        "luke_tag_per_type": None,
    },
)
def make_tagger(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    pieces: str,
    gold: str,
    outside: str,
    entity_input: str,
    entities: Entities,
    titles: Titles,
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukeTagger:
    """Make the `luke_tagger` component. See `LukeTagger` for its own settings."""
    return LukeTagger(
        nlp.vocab,
        model,
        name,
        pieces=pieces,
        gold=gold,
        outside=outside,
        entity_input=EntityInput.make(name, entity_input, entities, titles),
        max_batch_pieces=max_batch_pieces,
        scorer=scorer,
    )


@Language.factory(
    "luke_qa",
    assigns=["doc.spans"],
    default_config=_defaults(
        "QuestionAnswering",
        "qa_scorer",
        questions=[],
        n_best=1,
        max_answer_length=30,
        no_answer_margin=0.0,
        spans_key="luke_answers",
    ),
    default_score_weights={"luke_answers_f": 1.0, "luke_answers_em": 0.0},
)
def make_qa(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    questions: list[str],
    n_best: int,
    max_answer_length: int,
    no_answer_margin: float | None,
    spans_key: str,
    entity_input: str,
    entities: Entities,
    titles: Titles,
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukeQuestionAnswering:
    """Make the `luke_qa` component. See `LukeQuestionAnswering` for its own settings."""
    return LukeQuestionAnswering(
        nlp.vocab,
        model,
        name,
        questions=questions,
        n_best=n_best,
        max_answer_length=max_answer_length,
        no_answer_margin=no_answer_margin,
        spans_key=spans_key,
        entity_input=EntityInput.make(name, entity_input, entities, titles),
        max_batch_pieces=max_batch_pieces,
        scorer=scorer,
    )


@Language.factory(
    "luke_choice",
    assigns=["doc._.luke_choice"],
    default_config=_defaults("MultipleChoice", "choice_scorer"),
    default_score_weights={"luke_choice_acc": 1.0},
)
def make_choice(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    entity_input: str,
    entities: Entities,
    titles: Titles,
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukeMultipleChoice:
    """Make the `luke_choice` component."""
    return LukeMultipleChoice(
        nlp.vocab,
        model,
        name,
        entity_input=EntityInput.make(name, entity_input, entities, titles),
        max_batch_pieces=max_batch_pieces,
        scorer=scorer,
    )
