"""The corpus of the default model's second training: whole documents, mixed texts and single sentences.

train.spacy of the first training --> its documents, and mixed texts made of them
KnowledgeNet, FewRel              --> sentences in which some relations were looked for
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_luke.annotation import has_relations
from spacy_luke.files import read_json
from spacy_luke.training.converters.fewrel import convert_fewrel
from spacy_luke.training.converters.knowledgenet import convert_knowledgenet
from spacy_luke.training.progress import watched

from .corpus import NAMES, check_files
from .looked_for import PROPERTIES, Property, complete, same_names
from .mixing import mixed_texts
from .partition import drop_leaks

# Of the words, whole documents with relations are a third, those with entities only a quarter, mixed texts a fifth,
# and single sentences the rest.
RELATED_REPEATS = 4
N_MIXED = 2400
HELD_OUT_FOLD = 4
FIRST = ("train.spacy", "dev.spacy", "test.spacy")
KNOWLEDGENET = "knowledgenet/facts.jsonl.xz"
FEWREL = "fewrel/val_wiki.json.xz"


def prepare_second_corpus(
    data_dir: str | Path, corpus_dir: str | Path, nlp: Language, out_dir: str | Path
) -> dict[str, int]:
    """Write the second training's documents, and sentences to check it by.

    data_dir (str | Path): Folder with `redocred`, `knowledgenet` and `fewrel` as they are published.
    corpus_dir (str | Path): Folder that `prepare_default_corpus` wrote.
    nlp (Language): A pipeline that finds entities as the first training's documents have them.
    out_dir (str | Path): Folder to write to: `train/` with a file a source, and `check.spacy` with the sentences
        of KnowledgeNet's last fold, as the source has them.
    RETURNS (dict[str, int]): Documents by file.
    RAISES (ValueError): If data is missing.
    """
    data, corpus, out = Path(data_dir), Path(corpus_dir), Path(out_dir)
    check_files(data, (NAMES, KNOWLEDGENET, FEWREL))
    check_files(corpus, FIRST)
    first, dev, test = (_read(corpus / file, nlp) for file in FIRST)
    related = [doc for doc in first if has_relations(doc)]
    names = read_json(data / NAMES)
    ids = {name: id_ for id_, name in names.items()}
    rows = list(convert_knowledgenet(data / KNOWLEDGENET, nlp.make_doc))
    check = [doc for doc in rows if doc.user_data["fold"] == HELD_OUT_FOLD]
    knowledgenet = [doc for doc in rows if doc.user_data["fold"] != HELD_OUT_FOLD]
    fewrel = convert_fewrel(data / FEWREL, nlp.vocab, {id_: [name] for id_, name in names.items()})

    def safe(docs: Iterable[Doc]) -> list[Doc]:
        return drop_leaks(docs, [*test, *dev, *check])[0]

    def found(docs: Iterable[Doc], properties: Mapping[str, Property], source: str) -> list[Doc]:
        return list(watched(complete(safe(docs), nlp, properties, ids), f"Sentences of {source}"))

    files = {
        "train/documents.spacy": [*first, *related * (RELATED_REPEATS - 1)],
        "train/mixed.spacy": list(mixed_texts(related, N_MIXED)),
        "train/knowledgenet.spacy": found(knowledgenet, PROPERTIES, "KnowledgeNet"),
        "train/fewrel.spacy": found(fewrel, same_names(names.values()), "FewRel"),
        "check.spacy": drop_leaks(check, first)[0],
    }
    (out / "train").mkdir(parents=True, exist_ok=True)
    for file, docs in files.items():
        DocBin(docs=docs, store_user_data=True).to_disk(out / file)
    return {file: len(docs) for file, docs in files.items()}


def _read(path: Path, nlp: Language) -> Sequence[Doc]:
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(nlp.vocab))
