"""Sources that only the default model's training and figures read.

FewRel's training sentences  --> one stated relation a sentence, checked by people
Text2KG                      --> one relation a sentence, which Wikidata tells of two names in it
Broad Twitter, Universal NER --> entities of three types; others weren't looked for
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_luke.annotation import ENTITIES_LOOKED_FOR, write_relations
from spacy_luke.files import read_json, read_json_lines
from spacy_luke.training.converters.build import Mention, build_doc, build_text_doc
from spacy_luke.training.converters.conll import convert_conll
from spacy_luke.training.converters.fewrel import LABEL
from spacy_luke.types import Relation

# What is learned of these from a few examples is measured elsewhere, so nothing that ships may have seen them.
KEPT_OUT = frozenset(
    {
        "P177",
        "P2094",
        "P641",
        "P59",
        "P413",
        "P412",
        "P410",
        "P921",
        "P101",
        "P1303",
        "P1346",
        "P1435",
        "P306",
    }
    | {"P466", "P84", "P974"}
)
FEWREL = "fewrel/val_wiki.json.xz"
FEWREL_PART = "fewrel/train_part.jsonl.xz"
TEXT2KG = "text2kg/sentences.jsonl.xz"
THREE_TYPES = ("LOC", "ORG", "PER")


def read_fewrel_part(path: Path, vocab: Vocab, names: Mapping[str, str]) -> Iterator[Doc]:
    """Read the sentences of FewRel's training part.

    path (Path): `train_part.jsonl.xz`.
    vocab (Vocab): The vocabulary of the documents.
    names (Mapping[str, str]): Name by property id. Relations that it doesn't name are left out.
    YIELDS (Doc): As `convert_fewrel` does.
    """
    for _, row in read_json_lines(path):
        if (id_ := row["relation"]) in names:
            mentions = [
                Mention(row[role][0], row[role][-1] + 1, LABEL, cluster)
                for role, cluster in (("head", "h"), ("tail", "t"))
            ]
            doc, spans = build_doc(vocab, [row["tokens"]], mentions)
            ends = {span.id_: span for span in spans}
            write_relations(doc, [Relation(ends["h"], ends["t"], names[id_], 1.0, id_)])
            yield doc


def read_text2kg(path: Path, tokenizer: Callable[[str], Doc], names: Mapping[str, str]) -> Iterator[Doc]:
    """Read Text2KG's sentences in which both names stand once: elsewhere it isn't known which mention is meant.

    path (Path): `sentences.jsonl.xz`.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    names (Mapping[str, str]): See `read_fewrel_part`.
    YIELDS (Doc): As `convert_fewrel` does.
    """
    for _, row in read_json_lines(path):
        if (id_ := row["rel"]) not in names:
            continue
        places = [_places(row[name], row["sent"]) for name in ("sub_label", "obj_label")]
        if [len(found) for found in places] != [1, 1]:
            continue
        (head,), (tail,) = places
        if head[0] < tail[1] and tail[0] < head[1]:
            continue
        mentions = [Mention(*head, LABEL, "h"), Mention(*tail, LABEL, "t")]
        doc, spans = build_text_doc(tokenizer, row["sent"], mentions)
        ends = {span.id_: span for span in spans}
        for token in doc:
            token.is_sent_start = token.i == 0  # a row is a sentence
        write_relations(doc, [Relation(ends["h"], ends["t"], names[id_], 1.0, id_)])
        yield doc


def _places(name: str, text: str) -> list[tuple[int, int]]:
    return [found.span() for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)]


def read_three_types(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Read entities of persons, organizations and places: `btc.train`, `btc.dev`, `en_ewt-ud-dev.iob2`.

    path (Path): Columns of words and tags.
    vocab (Vocab): The vocabulary of the documents.
    YIELDS (Doc): As `convert_conll` does. The user data say which types were looked for.
    """
    for doc in convert_conll(path, vocab):
        doc.user_data[ENTITIES_LOOKED_FOR] = list(THREE_TYPES)
        yield doc


def kept_out_sentences(data: Path, vocab: Vocab) -> Iterator[Doc]:
    """The sentences of properties that are kept out of training, to protect them wherever else they stand.

    data (Path): Folder with `fewrel` and `text2kg`.
    vocab (Vocab): The vocabulary of the documents.
    YIELDS (Doc): Documents without annotation.
    """
    rows: list[tuple[str, Any]] = [
        (id_, row["tokens"]) for id_, rows in read_json(data / FEWREL).items() for row in rows
    ]
    rows += [(row["relation"], row["tokens"]) for _, row in read_json_lines(data / FEWREL_PART)]
    rows += [(row["rel"], row["sent"].split()) for _, row in read_json_lines(data / TEXT2KG)]
    for id_, words in rows:
        if id_ in KEPT_OUT:
            yield build_doc(vocab, [words], [])[0]
