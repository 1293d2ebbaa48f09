"""The benchmarks lie beside the package. At the path's end, so that an installed package comes first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_luke.extensions import set_extensions

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)

NAMES = {"Ada": "PER", "Bob": "PER", "Rome": "LOC", "Oslo": "LOC"}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen sentences in which the verb tells the relation of the names around it."""
    set_extensions()
    nlp = spacy.blank("en")
    docs = []
    for head, verb, tail in [(h, v, t) for h in ("Ada", "Bob") for v in ("left", "likes") for t in NAMES]:
        doc = Doc(nlp.vocab, words=[head, verb, tail, "."], sent_starts=[True, False, False, False])
        doc.ents = [Span(doc, i, i + 1, NAMES[doc[i].text]) for i in (0, 2)]
        doc._.luke_relations = [(doc.ents[0], doc.ents[1], verb)]
        docs.append(doc)
    path = tmp_path_factory.mktemp("corpus") / "gold.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path
