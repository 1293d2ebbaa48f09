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

_SCORE_WEIGHTS = {
    "ents_f": 0.34,
    "ents_p": 0.0,
    "ents_r": 0.0,
    "ents_per_type": None,
    "luke_labels_micro_f": 0.33,
    "luke_labels_micro_p": 0.0,
    "luke_labels_micro_r": 0.0,
    "luke_labels_per_type": None,
    "luke_relations_micro_f": 0.33,
    "luke_relations_micro_p": 0.0,
    "luke_relations_micro_r": 0.0,
    "luke_relations_per_type": None,
}


def _defaults(**heads: bool) -> dict[str, Any]:
    return {
        "model": {"@architectures": "spacy-luke.Joint.v1", "checkpoint": None, **heads},
        "entities": {"@misc": "spacy-luke.doc_ents.v1"},
        "find_entities": "auto",
        "suggester": None,
        "spans_key": None,
        "thresholds": {},
        "same_sentence": True,
        "max_distance": 32,
        "allowed_relations": None,
        "max_batch_pieces": 8192,
        "scorer": {"@scorers": "spacy-luke.luke_scorer.v1"},
    }


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
    default_config=_defaults(ner=True, labels=True, relations=True),
    default_score_weights=_SCORE_WEIGHTS,
)
def make_luke(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    entities: Callable[[Doc], list[Span]],
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
    default_config=_defaults(ner=True, labels=False, relations=False),
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
    func=make_luke,
)
