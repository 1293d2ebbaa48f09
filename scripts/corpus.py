"""The corpus of the default model: which documents it learns from, stops by and is measured on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import spacy
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_luke.annotation import get_relations
from spacy_luke.files import read_json
from spacy_luke.training.converters.docred import convert_docred

from .partition import Dropped, drop_leaks, hold_out
from .readers import read_three_types

N_HELD_OUT = 100
NAMES = "redocred/rel_info.json"
ANNOTATED = "redocred/dev_revised.json"
TRAIN_PART = "redocred/train_part.json.xz"
TEST = "redocred/test_first_half.json"
# In the order of precedence: a document that two sources share is taken from the first.
MENTION_SOURCES = ("docie/documents.json.xz", "docred-mentions/test.json.xz")
# Tweets. The second file measures the model and trains nothing.
TWEETS, OTHER_TWEETS = "btc/btc.train", "btc/btc.dev"


class Source(NamedTuple):
    """What one source gave to the training data.

    name (str): File within the data folder.
    given (int): Documents in the file.
    leaked (Dropped): Documents that share a title or a sentence with what tests, is held out or measures.
    repeated (Dropped): Documents that share a title or a sentence with an earlier source.
    used (int): Documents that train.
    mentions (int): Entity mentions in them.
    relations (int): Relations in them, by mention pairs.
    """

    name: str
    given: int
    leaked: Dropped
    repeated: Dropped
    used: int
    mentions: int
    relations: int


def prepare_default_corpus(data_dir: str | Path, out_dir: str | Path) -> tuple[list[Source], dict[str, int]]:
    """Write `train.spacy`, `dev.spacy` (held out) and `test.spacy` (the test half).

    Only Re-DocRED's documents carry relations; in the other sources they are incomplete or missing, so those
    documents give mentions and leave relations never annotated. In tweets only three types were looked for.

    data_dir (str | Path): Folder with `redocred`, `docie`, `docred-mentions` and `btc` as they are published.
    out_dir (str | Path): Folder to write to; made where it does not exist.
    RETURNS (tuple[list[Source], dict[str, int]]): The sources of the training data, and documents by file.
    RAISES (ValueError): If data is missing.
    """
    data, out = Path(data_dir), Path(out_dir)
    check_files(data, (NAMES, ANNOTATED, TRAIN_PART, TEST, *MENTION_SOURCES, TWEETS, OTHER_TWEETS))
    vocab = spacy.blank("en").vocab
    rest, dev, test = read_annotated(data, vocab)

    train: list[Doc] = []
    sources = []
    names = read_json(data / NAMES)
    candidates: list[tuple[str, Iterable[Doc]]] = [
        (ANNOTATED, rest),
        (TRAIN_PART, convert_docred(data / TRAIN_PART, vocab, names)),
        *((name, convert_docred(data / name, vocab)) for name in MENTION_SOURCES),
        (TWEETS, read_three_types(data / TWEETS, vocab)),
    ]
    protected = [*test, *dev, *read_three_types(data / OTHER_TWEETS, vocab)]
    for name, docs in candidates:
        docs = list(docs)
        safe, leaked = drop_leaks(docs, protected)
        new, repeated = drop_leaks(safe, train)
        train += new
        sources.append(
            Source(name, len(docs), leaked, repeated, len(new), _n_mentions(new), _n_relations(new))
        )

    out.mkdir(parents=True, exist_ok=True)
    files = {"train.spacy": train, "dev.spacy": dev, "test.spacy": test}
    for file, docs in files.items():
        DocBin(docs=docs, store_user_data=True).to_disk(out / file)
    return sources, {file: len(docs) for file, docs in files.items()}


def read_annotated(data_dir: Path, vocab: Vocab) -> tuple[list[Doc], list[Doc], list[Doc]]:
    """Read Re-DocRED's documents, whose relations are complete.

    data_dir (Path): Folder with `redocred` as it is published.
    vocab (Vocab): The vocabulary of the documents.
    RETURNS (tuple[list[Doc], list[Doc], list[Doc]]): Those to learn from, of which some may share a sentence
        with the others (see `drop_leaks`), those held out, and the test half.
    """
    names = read_json(data_dir / NAMES)
    annotated = convert_docred(data_dir / ANNOTATED, vocab, names)
    return *hold_out(annotated, N_HELD_OUT), list(convert_docred(data_dir / TEST, vocab, names))


def check_files(folder: Path, files: Iterable[str]) -> None:
    """Refuse to begin without all data.

    folder (Path): Where they should be.
    files (Iterable[str]): Their names in it.
    RAISES (ValueError): If any is missing.
    """
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise ValueError(
            f"{folder} lacks {', '.join(missing)}. project.yml says where the default model's data come from; "
            "`python -m spacy project assets` fetches those that have an address and tells where to place the others."
        )


def _n_mentions(docs: Iterable[Doc]) -> int:
    return sum(len(doc.ents) for doc in docs)


def _n_relations(docs: Iterable[Doc]) -> int:
    return sum(len(get_relations(doc)) for doc in docs)
