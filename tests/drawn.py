"""Documents to draw: an ordinary one, one with thirty relations, and one whose every string is an attack."""

from __future__ import annotations

import itertools
from typing import Any

import spacy
from spacy.tokens import Doc, Span

from spacy_luke import Relation, set_extensions
from spacy_luke.annotation import facts_from_relations, write_entities, write_facts

set_extensions()
VOCAB = spacy.blank("en").vocab
ATTACK = "<img src=x onerror='window.attacked=1'>\"'&lt;</script><script>window.attacked=1</script><!--]]>${1}`\\u003c"


def curie() -> Doc:
    """Two sentences, five entities, two relations, and a fact that no relation states."""
    text = "Marie Curie was born in Warsaw in 1867 . She studied in Paris and married Pierre Curie ."
    words = text.split()
    doc = Doc(VOCAB, words=words, sent_starts=[i in (0, 9) for i in range(len(words))])
    places = [(0, 2, "PER"), (5, 6, "LOC"), (7, 8, "TIME"), (12, 13, "LOC"), (15, 17, "PER")]
    doc.ents = [Span(doc, *place) for place in places]
    marie, warsaw, year, paris, _ = doc.ents
    doc.user_data["title"] = "Marie"
    labels = [{ent.label_: 0.9, "ORG": 0.06, "MISC": 0.001} for ent in doc.ents]
    write_entities(doc, doc.ents, labels, [ent.label_ for ent in doc.ents])
    doc._.luke_relations = [
        Relation(marie, warsaw, "place of birth", 0.93, "P19"),
        Relation(marie, year, "date of birth", 0.74, "P569"),
    ]
    told = [*doc._.luke_relations, Relation(marie, paris, "residence", 0.55, "P551")]
    write_facts(doc, facts_from_relations(told))
    return doc


def crowd(n_relations: int = 30) -> Doc:
    """Twelve mentions in running text, and as many relations between them as are asked for."""
    words, places = [], []
    for number in range(12):
        places.append((len(words), len(words) + 2, ("PER", "ORG", "LOC")[number % 3]))
        words += [f"Name{number}", "Family", "met", "the", "others", "of", "the", "house", "and", "left", ","]
    doc = Doc(VOCAB, words=words)
    doc.ents = [Span(doc, *place) for place in places]
    labels = ("knows", "employer", "located in the administrative territorial entity", "spouse", "part of")
    pairs = itertools.islice(itertools.permutations(range(12), 2), 0, None, 4 if n_relations <= 33 else 1)
    doc._.luke_relations = [
        Relation(doc.ents[head], doc.ents[tail], labels[i % 5], min(1.0, 0.3 + 0.02 * i))
        for i, (head, tail) in enumerate(itertools.islice(pairs, n_relations))
    ]
    return doc


def attack() -> dict[str, Any]:
    """Plain data, for a Doc can't hold all of it."""
    text = f"{ATTACK} and \0\ud800{ATTACK} \u202e backwards"
    ents = [
        {"start": 0, "end": len(ATTACK), "label": ATTACK, "labels": {ATTACK: 0.5}, "kb_id": ATTACK},
        {"start": len(ATTACK) + 7, "end": len(text) - 11, "label": ATTACK, "candidates": [(ATTACK, 0.3)]},
    ]
    relations = [{"head": 0, "tail": 1, "label": ATTACK, "score": 0.4, "id": ATTACK}]
    return {"text": text, "title": ATTACK, "ents": ents, "relations": relations}
