from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_luke.annotation import has_relations
from spacy_luke.training.partition import drop_leaks
from spacy_luke.training.prepare import prepare_default_corpus

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.skipif(not (DATA / "redocred").is_dir(), reason="public data is not here")
def test_published_data(tmp_path: Path) -> None:
    sources, files = prepare_default_corpus(DATA, tmp_path / "new" / "corpus")
    assert files == {"train.spacy": 1629, "dev.spacy": 100, "test.spacy": 250}
    assert [source.used for source in sources] == [398, 236, 995]
    vocab = spacy.blank("en").vocab

    def read(name: str) -> list[Doc]:
        docs = DocBin(store_user_data=True).from_disk(tmp_path / "new" / "corpus" / name).get_docs(vocab)
        return list(docs)

    train, dev, test = read("train.spacy"), read("dev.spacy"), read("test.spacy")
    assert drop_leaks(train, [*dev, *test])[1] == (0, 0)
    assert [has_relations(doc) for doc in train] == [True] * 398 + [False] * (236 + 995)
    assert all(has_relations(doc) for doc in [*dev, *test])
