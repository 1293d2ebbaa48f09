"""Sentences in which only some relations were looked for, made into documents of the default model's labels.

    KnowledgeNet's row "SPOUSE: not found"  ->  no "spouse" in this sentence, for all pairs of its entities
    FewRel's row "mother: head, tail"       ->  "mother" for this pair, not from tail to head, not known of others

Which other relations hold is not known, so they are left out of the loss (`RELATIONS_LOOKED_FOR`, unsure relations).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations, tee
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_luke.annotation import RELATIONS_LOOKED_FOR, get_relations, write_relations, write_unsure
from spacy_luke.training.converters.docred import INVERSES
from spacy_luke.training.mentions import given_tokens
from spacy_luke.training.outcomes import char_offsets
from spacy_luke.types import Relation


class Property(NamedTuple):
    """What a property of KnowledgeNet is in DocRED.

    same (tuple[str, ...]): Relations that say the same of subject and object.
    inverse (tuple[str, ...]): Relations that say it of object and subject.
    wider (tuple[str, ...]): Relations of which one holds if the property does, but not known which.
    """

    same: tuple[str, ...] = ()
    inverse: tuple[str, ...] = ()
    wider: tuple[str, ...] = ()


# Properties that are missing here, such as CEO, have no like in DocRED.
PROPERTIES: Mapping[str, Property] = {
    "CHILD_OF": Property(inverse=("child",), wider=("father", "mother")),
    "DATE_FOUNDED": Property(("inception",)),
    "DATE_OF_BIRTH": Property(("date of birth",)),
    "DATE_OF_DEATH": Property(("date of death",)),
    "EDUCATED_AT": Property(("educated at",)),
    "EMPLOYEE_OR_MEMBER_OF": Property(wider=("employer", "member of", "member of sports team")),
    "FOUNDED_BY": Property(("founded by",)),
    "HEADQUARTERS": Property(("headquarters location",)),
    "NATIONALITY": Property(("country of citizenship",)),
    "PLACE_OF_BIRTH": Property(("place of birth",)),
    "PLACE_OF_RESIDENCE": Property(("residence",)),
    "POLITICAL_AFFILIATION": Property(("member of political party",)),
    "SPOUSE": Property(("spouse",), inverse=("spouse",)),
    "SUBSIDIARY_OF": Property(("parent organization",), inverse=("subsidiary",)),
}


def complete(
    docs: Iterable[Doc], nlp: Language, properties: Mapping[str, Property], ids: Mapping[str, str]
) -> Iterator[Doc]:
    """Find the entities of sentences and keep the relations that are told between them.

    Sources mark only what their relations need, often pronouns. A pipeline finds the named entities, as the
    default model's corpus has them; relations of anything else are left out.

    docs (Iterable[Doc]): From `convert_knowledgenet` or `convert_fewrel`.
    nlp (Language): A pipeline whose `luke` finds entities.
    properties (Mapping[str, Property]): Relations by the source's name.
    ids (Mapping[str, str]): Property id by relation.
    YIELDS (Doc): Sentences with two entities or more, in which some relation was looked for.
    """
    docs, texts = tee(docs)
    found = nlp.pipe(given_tokens(nlp.vocab, doc, mentions=False) for doc in texts)
    for source, target in zip(docs, found, strict=True):
        doc = given_tokens(nlp.vocab, source, mentions=False)
        doc.set_ents([Span(doc, e.start, e.end, e.label_) for e in target.ents], default="outside")
        looked_for = [properties[name] for name in _names(source) if name in properties]
        if len(doc.ents) > 1 and looked_for:
            _relate(doc, source, properties, ids)
            if doc.user_data[RELATIONS_LOOKED_FOR]:
                yield doc


def _names(doc: Doc) -> list[str]:
    """The source's relations that were looked for in a sentence."""
    told = {relation.label for relation in get_relations(doc)}
    return sorted({*doc.user_data.get(RELATIONS_LOOKED_FOR, ()), *told})


def _relate(doc: Doc, source: Doc, properties: Mapping[str, Property], ids: Mapping[str, str]) -> None:
    entities = {char_offsets(span): span for span in doc.ents}
    relations: list[Relation] = []
    unknown: set[str] = set()
    for head, tail, name, *_ in get_relations(source):
        if name not in properties:
            continue
        ends = entities.get(char_offsets(head)), entities.get(char_offsets(tail))
        if ends[0] is None or ends[1] is None:
            # It may be told of another mention of the same entity, which the source doesn't name.
            unknown |= _labels(properties[name])
            continue
        same, inverse, wider = properties[name]
        relations += [Relation(ends[0], ends[1], label, 1.0, ids.get(label, "")) for label in same]
        relations += [Relation(ends[1], ends[0], label, 1.0, ids.get(label, "")) for label in inverse]
        unknown |= set(wider)
    looked_for = set().union(*(_labels(properties[name]) for name in _names(source) if name in properties))
    known = looked_for - unknown
    write_relations(doc, [relation for relation in dict.fromkeys(relations) if relation.label in known])
    doc.user_data[RELATIONS_LOOKED_FOR] = sorted(known)


def _labels(prop: Property) -> set[str]:
    return {*prop.same, *prop.inverse, *prop.wider}


def same_names(names: Mapping[str, str]) -> dict[str, Property]:
    """Properties of a source that names relations as DocRED does. Those that hold both ways do so here.

    names (Mapping[str, str]): The names by property id.
    RETURNS (dict[str, Property]): Properties for `complete`.
    """
    return {
        name: Property((name,), inverse=(name,) if id_ in INVERSES.get(id_, ()) else ())
        for id_, name in names.items()
    }


def only_of_told_pairs(docs: Iterable[Doc]) -> Iterator[Doc]:
    """Make unsure what a source doesn't say: it was asked about one pair of mentions, not about others.

    docs (Iterable[Doc]): From `complete`, of a source with one labelled pair a sentence; changed in place.
    YIELDS (Doc): Those with a relation. It holds for its pair and not in the other direction, unless it says so.
    """
    for doc in docs:
        relations = get_relations(doc)
        asked = {(r.head, r.tail) for r in relations} | {(r.tail, r.head) for r in relations}
        others = [pair for pair in permutations(doc.ents, 2) if pair not in asked]
        labels = {(r.label, r.id) for r in relations}
        write_unsure(doc, [Relation(*pair, label, 0.0, id_) for pair in others for label, id_ in labels])
        if relations:
            yield doc
