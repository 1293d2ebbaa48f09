"""The corpus of the default model's second training: whole documents, mixed texts and single sentences.

train.spacy of the first training --> its documents, mixed texts made of them, and sentences that deny what they said
KnowledgeNet                      --> sentences in which some relations were looked for
Text2KG, FewRel                   --> sentences in which a relation of one pair is known

The last training reads those of which nearly all is known. After sentences in which one relation is known to hold, and
nothing else, the model says too much.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_luke.annotation import get_relations, has_relations
from spacy_luke.files import read_json
from spacy_luke.training.converters.fewrel import convert_fewrel
from spacy_luke.training.converters.knowledgenet import convert_knowledgenet
from spacy_luke.training.progress import watched

from .corpus import NAMES, check_files
from .looked_for import PROPERTIES, Property, complete, only_of_told_pairs, same_names
from .mixing import mixed_texts
from .partition import drop_leaks
from .readers import (
    FEWREL,
    FEWREL_PART,
    KEPT_OUT,
    TEXT2KG,
    kept_out_sentences,
    read_fewrel_part,
    read_text2kg,
)
from .unsaid import unsaid_texts

# Of the words, whole documents with relations are a third, those with entities only a fifth, mixed texts and sentences
# that no longer say something an eighth each.
RELATED_REPEATS = 2
N_MIXED = 2400
N_UNSAID = 5000
# FewRel's labelled pairs are all positive: more of them, and the model says its relations of everything.
FEWREL_SHARE = 0.15
HELD_OUT_FOLD = 4
FIRST = ("train.spacy", "dev.spacy", "test.spacy")
KNOWLEDGENET = "knowledgenet/facts.jsonl.xz"


def prepare_second_corpus(
    data_dir: str | Path, corpus_dir: str | Path, nlp: Language, out_dir: str | Path
) -> dict[str, int]:
    """Write the second training's documents, and sentences to check it by.

    data_dir (str | Path): Folder with `redocred`, `knowledgenet`, `fewrel` and `text2kg` as they are published.
    corpus_dir (str | Path): Folder that `prepare_default_corpus` wrote.
    nlp (Language): A pipeline that finds entities as the first training's documents have them.
    out_dir (str | Path): Folder to write to: `train/` and `last/` with a file a source, and `check.spacy` with the
        sentences of KnowledgeNet's last fold, as the source has them.
    RETURNS (dict[str, int]): Documents by file.
    RAISES (ValueError): If data is missing.
    """
    data, corpus, out = Path(data_dir), Path(corpus_dir), Path(out_dir)
    check_files(data, (NAMES, KNOWLEDGENET, FEWREL, FEWREL_PART, TEXT2KG))
    check_files(corpus, FIRST)
    first, dev, test = (_read(corpus / file, nlp) for file in FIRST)
    related = [doc for doc in first if has_relations(doc)]
    names = {id_: name for id_, name in read_json(data / NAMES).items() if id_ not in KEPT_OUT}
    ids = {name: id_ for id_, name in names.items()}
    rows = list(convert_knowledgenet(data / KNOWLEDGENET, nlp.make_doc))
    check = [doc for doc in rows if doc.user_data["fold"] == HELD_OUT_FOLD]
    knowledgenet = [doc for doc in rows if doc.user_data["fold"] != HELD_OUT_FOLD]
    fewrel = chain(
        convert_fewrel(data / FEWREL, nlp.vocab, names),
        read_fewrel_part(data / FEWREL_PART, nlp.vocab, names),
    )
    text2kg = read_text2kg(data / TEXT2KG, nlp.make_doc, names)
    protected = [*test, *dev, *check, *kept_out_sentences(data, nlp.vocab)]

    def found(docs: Iterable[Doc], properties: Mapping[str, Property], source: str) -> Iterator[Doc]:
        safe = drop_leaks(docs, protected)[0]
        return complete(watched(_by_turns(safe), f"Sentences of {source}"), nlp, properties, ids)

    same = same_names(names)
    files = {
        "train/documents.spacy": [*first, *related * (RELATED_REPEATS - 1)],
        "train/mixed.spacy": list(mixed_texts(related, N_MIXED)),
        "train/unsaid.spacy": list(unsaid_texts(related, N_UNSAID)),
        "train/knowledgenet.spacy": list(found(knowledgenet, PROPERTIES, "KnowledgeNet")),
        "train/text2kg.spacy": list(only_of_told_pairs(found(text2kg, same, "Text2KG"))),
        "check.spacy": drop_leaks(check, first)[0],
    }
    n_words = sum(len(doc) for file, docs in files.items() if file.startswith("train/") for doc in docs)
    limit = n_words * FEWREL_SHARE / (1 - FEWREL_SHARE)
    files["train/fewrel.spacy"] = _up_to(only_of_told_pairs(found(fewrel, same, "FewRel")), limit)
    files["last/documents.spacy"] = related
    files |= {
        f"last/{name}.spacy": files[f"train/{name}.spacy"] for name in ("mixed", "unsaid", "knowledgenet")
    }
    for file, docs in files.items():
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        DocBin(docs=docs, store_user_data=True).to_disk(out / file)
    return {file: len(docs) for file, docs in files.items()}


def _by_turns(docs: Sequence[Doc]) -> list[Doc]:
    """One sentence of each relation in turn, so that the first ones are a fair sample on every machine."""
    by_label: dict[str, list[Doc]] = {}
    for doc in sorted(docs, key=lambda doc: hashlib.sha256(doc.text.encode("utf8")).digest()):
        by_label.setdefault(next((r.label for r in get_relations(doc)), ""), []).append(doc)
    return [doc for turn in zip_longest(*by_label.values()) for doc in turn if doc is not None]


def _up_to(docs: Iterable[Doc], n_words: float) -> list[Doc]:
    """The first documents that have so many words together."""
    taken: list[Doc] = []
    for doc in docs:
        n_words -= len(doc)
        if n_words < 0:
            break
        taken.append(doc)
    return taken


def _read(path: Path, nlp: Language) -> Sequence[Doc]:
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(nlp.vocab))
