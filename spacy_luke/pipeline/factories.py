"""The factories behind `nlp.add_pipe`. Importing this must stay cheap: no torch, no tokenizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import Model

from .decode import Threshold
from .luke import LukePipe
from .pairs import PairLimits
from .streamed import BATCH_PIECES

_ENTITY_INPUT = {"entity_input": "mask", "titles": {"@misc": "spacy-luke.kb_id_titles.v1"}}
_PAIR_LIMITS = {"same_sentence": True, "max_distance": 32, "allowed_relations": None}


def _defaults(architecture: str, heads: dict[str, bool], **settings: Any) -> dict[str, Any]:
    return {
        "model": {"@architectures": f"spacy-luke.{architecture}.v1", "checkpoint": None, **heads},
        "entities": {"@misc": "spacy-luke.doc_ents.v1"},
        "thresholds": {},
        **settings,
        "max_batch_pieces": BATCH_PIECES,
        "scorer": {"@scorers": "spacy-luke.luke_scorer.v1"},
    }


def _joint_defaults(**heads: bool) -> dict[str, Any]:
    finding = {"find_entities": "auto", "suggester": None, "spans_key": None}
    return _defaults("Joint", heads, **_ENTITY_INPUT, **finding, **_PAIR_LIMITS)


def _score_weights(**figures: float) -> dict[str, float | None]:
    """Weights of F scores, by the start of their name; what they are made of is shown, and doesn't count."""
    weights: dict[str, float | None] = {}
    for name, weight in figures.items():
        per_type = name.removesuffix("_micro") + "_per_type"
        weights |= {f"{name}_f": weight, f"{name}_p": 0.0, f"{name}_r": 0.0, per_type: None}
    return weights


@Language.factory(
    "luke",
    assigns=[
        "doc.ents",
        "token.ent_iob",
        "token.ent_type",
        "doc._.luke_relations",
        "doc._.luke_facts",
        "span._.luke_label",
        "span._.luke_labels",
        "span._.luke_vector",
    ],
    default_config=_joint_defaults(ner=True, labels=True, relations=True),
    default_score_weights=_score_weights(ents=0.34, luke_labels_micro=0.33, luke_relations_micro=0.33),
)
def make_luke(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    entities: Callable[[Doc], list[Span]],
    entity_input: str,
    titles: Callable[[Span], str],
    find_entities: bool | str,
    suggester: Callable[..., Any] | None,
    spans_key: str | None,
    thresholds: dict[str, Threshold],
    same_sentence: bool,
    max_distance: int | None,
    allowed_relations: dict[str, list[list[str]]] | None,
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukePipe:
    """Make the `luke` component.

    nlp (Language): The pipeline.
    name (str): Name of the component.
    model (Model): The model; its architecture decides what the component can say.
    entities (Callable): Gives the entities of a Doc, from `doc.ents` by default.
    entity_input (str): What entities are read as to describe them: "mask", for what the text says of them; "title",
        for what the model knows of them, by their titles in the entity vocabulary. `pipe.titles` counts how many
        have one there. Found entities are read as [MASK] in any case.
    titles (Callable): Gives the title of an entity, from `ent.kb_id_` by default.
    find_entities (bool | str): "auto": find entities in documents where no earlier component has annotated any,
        not even their absence, and none are given; true: add some, never overwrite; false: find none.
    suggester (Callable | None): A spaCy span suggester for candidates; None for the learned pre-filter.
    spans_key (str | None): Where to write all candidate spans above threshold, with their scores.
    thresholds (dict): Least probability for "ner", "labels", "relations", "facts": a number, or one by label.
        What isn't named is as tuned with the weights.
    same_sentence (bool): `doc._.luke_relations` relates mentions of one sentence only.
    max_distance (int | None): Most tokens between them, without sentence boundaries or with `same_sentence` off.
    allowed_relations (dict | None): By relation, the pairs of head and tail label that it may have.
    max_batch_pieces (int): Most tokens of a padded batch, word pieces and entities, in training too. Examples of
        more are learned from in several batches, with the same gradients.
    scorer (Callable | None): The scorer.
    RETURNS (LukePipe): The component.
    """
    return LukePipe(
        nlp.vocab,
        model,
        name,
        entities=entities,
        entity_input=entity_input,
        titles=titles,
        find_entities=find_entities,
        suggester=suggester,
        spans_key=spans_key,
        thresholds=thresholds,
        limits=PairLimits(same_sentence, max_distance, allowed_relations),
        max_batch_pieces=max_batch_pieces,
        scorer=scorer,
    )


Language.factory(
    "luke_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config=_joint_defaults(ner=True, labels=False, relations=False),
    default_score_weights=_score_weights(ents=1.0),
    func=make_luke,
)


@Language.factory(
    "luke_typing",
    assigns=["span._.luke_label", "span._.luke_labels"],
    default_config=_defaults("MarkedEntity", {}, **_ENTITY_INPUT),
    default_score_weights=_score_weights(luke_labels_micro=1.0),
)
def make_typing(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    entities: Callable[[Doc], list[Span]],
    entity_input: str,
    titles: Callable[[Span], str],
    thresholds: dict[str, Threshold],
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukePipe:
    """Make the `luke_typing` component, which labels given entities, each in an input of its own.

    nlp (Language): The pipeline.
    name (str): Name of the component.
    model (Model): The model; its architecture decides what the component can say.
    entities (Callable): Gives the entities of a Doc, from `doc.ents` by default.
    entity_input (str): What a marked entity is read as: "mask", or "title", see `make_luke`.
    titles (Callable): Gives the title of an entity, from `ent.kb_id_` by default.
    thresholds (dict): Least probability for "labels": a number, or one by label. By default 0.5 for independent
        labels; of labels that exclude each other the best one counts.
    max_batch_pieces (int): Most tokens of a padded batch, in training too.
    scorer (Callable | None): The scorer.
    RETURNS (LukePipe): The component.
    """
    return LukePipe(
        nlp.vocab,
        model,
        name,
        entities=entities,
        entity_input=entity_input,
        titles=titles,
        find_entities=False,
        thresholds=thresholds,
        max_batch_pieces=max_batch_pieces,
        scorer=scorer,
    )


@Language.factory(
    "luke_relations",
    assigns=["doc._.luke_relations", "doc._.luke_facts"],
    default_config=_defaults("MarkedPair", {}, **_ENTITY_INPUT, **_PAIR_LIMITS),
    default_score_weights=_score_weights(luke_relations_micro=1.0),
)
def make_relations(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    entities: Callable[[Doc], list[Span]],
    entity_input: str,
    titles: Callable[[Span], str],
    thresholds: dict[str, Threshold],
    same_sentence: bool,
    max_distance: int | None,
    allowed_relations: dict[str, list[list[str]]] | None,
    max_batch_pieces: int,
    scorer: Callable[..., Any] | None,
) -> LukePipe:
    """Make the `luke_relations` component, which relates given entities, each pair in an input of its own.

    nlp (Language): The pipeline.
    name (str): Name of the component.
    model (Model): The model; its architecture decides what the component can say.
    entities (Callable): Gives the entities of a Doc, from `doc.ents` by default.
    entity_input (str): What a marked entity is read as: "mask", or "title", see `make_luke`.
    titles (Callable): Gives the title of an entity, from `ent.kb_id_` by default.
    thresholds (dict): Least probability for "relations" and "facts": a number, or one by label. By default the best
        label of a pair counts, however sure, if it isn't the one that says "none"; of independent labels, from 0.5.
    same_sentence (bool): Read pairs of one sentence only, for facts too.
    max_distance (int | None): Most tokens between them, without sentence boundaries or with `same_sentence` off.
    allowed_relations (dict | None): By relation, the pairs of head and tail label that it may have.
    max_batch_pieces (int): Most tokens of a padded batch, in training too.
    scorer (Callable | None): The scorer.
    RETURNS (LukePipe): The component.
    """
    return LukePipe(
        nlp.vocab,
        model,
        name,
        entities=entities,
        entity_input=entity_input,
        titles=titles,
        find_entities=False,
        thresholds=thresholds,
        limits=PairLimits(same_sentence, max_distance, allowed_relations),
        max_batch_pieces=max_batch_pieces,
        scorer=scorer,
    )
