"""The factory of `luke_linker`. Importing this must stay cheap: no torch, no tokenizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import Model

from .linker import LukeLinker
from .streamed import BATCH_PIECES


@Language.factory(
    "luke_linker",
    assigns=["doc.ents", "token.ent_kb_id", "span._.luke_candidates"],
    default_config={
        "model": {"@architectures": "spacy-luke.EntityPrediction.v1", "checkpoint": None},
        "entities": {"@misc": "spacy-luke.doc_ents.v1"},
        "aliases": None,
        "ids": None,
        "steps": None,
        "threshold": 0.0,
        "prior_weight": 0.0,
        "n_candidates": 10,
        "mask_rate": 0.9,
        "max_batch_pieces": BATCH_PIECES,
        "scorer": {"@scorers": "spacy-luke.linker_scorer.v1"},
    },
    default_score_weights={
        "luke_links_acc": 1.0,
        "luke_links_acc_10": 0.0,
        "luke_links_known": 0.0,
        "luke_links_micro_acc": 0.0,
        "luke_links_nil_p": 0.0,
        "luke_links_nil_r": 0.0,
        "luke_links_nil_f": 0.0,
    },
)
def make_linker(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    entities: Callable[[Doc], list[Span]],
    aliases: str | None,
    ids: str | None,
    steps: int | None,
    threshold: float,
    prior_weight: float,
    n_candidates: int,
    mask_rate: float,
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukeLinker:
    """Make the `luke_linker` component.

    nlp (Language): The pipeline.
    name (str): Name of the component.
    model (Model): The model.
    entities (Callable): Gives the mentions of a Doc, from `doc.ents` by default.
    aliases (str | None): An alias table: a mention may be of the titles that it has there, and of none if it isn't
        there. A saved pipeline keeps it. None: of any entity of the vocabulary.
    ids (str | None): A table of the ids of titles, to write instead of them. A saved pipeline keeps it.
    steps (int | None): Most predictions for one mention: in each, those that the model is surest of are resolved and
        help with the others. None resolves one mention of a window at a time, as in Yamada et al. (2022); 1
        all at once.
    threshold (float): Least probability of an entity; below it `kb_id_` is "NIL".
    prior_weight (float): How much the logarithm of the alias table's prior adds to a candidate's logit.
    n_candidates (int): How many candidates to write for each mention.
    mask_rate (float): Share of the gold entities that are predicted in training; the others are given.
    max_batch_pieces (int): Most tokens of a padded batch, word pieces and entities, in training too.
    scorer (Callable | None): The scorer.
    RETURNS (LukeLinker): The component.
    """
    return LukeLinker(
        nlp.vocab,
        model,
        name,
        entities=entities,
        aliases=aliases,
        ids=ids,
        steps=steps,
        threshold=threshold,
        prior_weight=prior_weight,
        n_candidates=n_candidates,
        mask_rate=mask_rate,
        max_batch_pieces=max_batch_pieces,
        scorer=scorer,
    )
