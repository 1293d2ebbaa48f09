"""What a pipeline says of the pairs' texts, with their entities given."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc

from .pairs import SIDES, Key, Pair, Text


def read_texts(nlp: Language, pairs: Sequence[Pair]) -> tuple[dict[Key, float], set[Key]]:
    """Ask a pipeline about each text.

    Each text is read as one passage, without sentence boundaries: otherwise the two entities of some false texts would
    stand in different sentences, and nothing would be asked about them.

    nlp (Language): A pipeline with `luke`. Its other components are left out.
    pairs (Sequence[Pair]): The pairs.
    RETURNS (tuple[dict[Key, float], set[Key]]): The score of the relation from head to tail in each text, 0 where
        there is none, and the texts in which the pipeline says it at its own thresholds.
    """
    thresholds = nlp.get_pipe("luke").thresholds
    own = thresholds["relations"]
    said = {key for key, score in _read(nlp, pairs).items() if score > 0}
    thresholds["relations"] = 0.0
    try:
        return _read(nlp, pairs), said
    finally:
        thresholds["relations"] = own


def _read(nlp: Language, pairs: Sequence[Pair]) -> dict[Key, float]:
    asked = [(pair, side) for pair in pairs for side in SIDES]
    with nlp.select_pipes(enable="luke"):
        docs = list(nlp.pipe(_doc(nlp, pair.sides[side]) for pair, side in asked))
    return {(pair.id, side): _score(doc, pair, side) for (pair, side), doc in zip(asked, docs, strict=True)}


def _doc(nlp: Language, text: Text) -> Doc:
    doc = nlp.make_doc(text.text)
    mentions = (text.head, text.tail, *text.others)
    doc.ents = [doc.char_span(*mention, alignment_mode="expand") for mention in mentions]
    return doc


def _score(doc: Doc, pair: Pair, side: str) -> float:
    head, tail = pair.sides[side].head, pair.sides[side].tail
    scores = [
        relation.score
        for relation in doc._.luke_relations
        if (relation.head.start_char, relation.tail.start_char) == (head[0], tail[0])
        and (relation.id == pair.relation or relation.label == pair.name)
    ]
    return max(scores, default=0.0)
