"""The pipe that docs/ARCHITECTURE.md shows to newcomers is one: it learns, is scored, saved and loaded."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import spacy
from spacy.training import Example
from tiny_heads import save_encoder, train

from spacy_luke.pipeline.pipe import LukePipe

DOCUMENT = Path(__file__).parents[2] / "docs" / "ARCHITECTURE.md"
TEXTS = {"Ana likes the old tea": 0.9, "Bob works for Acme": 0.1}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory):
    """The example, imported as a file."""
    (source,) = re.findall(
        r"## A new pipe.*?```python\n(.*?)```", DOCUMENT.read_text(encoding="utf8"), re.DOTALL
    )
    path = tmp_path_factory.mktemp("code") / "luke_sentiment.py"
    path.write_text(source, encoding="utf8")
    spec = importlib.util.spec_from_file_location("luke_sentiment", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["luke_sentiment"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield source
    del sys.modules["luke_sentiment"]


def test_the_example_is_a_whole_pipe(code: str, tmp_path: Path):
    assert len([line for line in code.splitlines() if line.strip()]) < 60
    nlp = spacy.blank("en")
    config = {"model": {"checkpoint": save_encoder(tmp_path / "encoder")}, "bound": 0.6}
    pipe = nlp.add_pipe("luke_sentiment", config=config)
    assert isinstance(pipe, LukePipe)
    with pytest.warns(UserWarning, match="no trained head"):
        assert nlp("Ana").sentiment == 0.0
    examples = []
    for text, sentiment in TEXTS.items():
        reference = nlp.make_doc(text)
        reference.sentiment = sentiment
        examples.append(Example(nlp.make_doc(text), reference))
    train(nlp, examples)
    found = {doc.text: doc.sentiment for doc in nlp.pipe(TEXTS)}
    assert [found[text] > 0.6 for text in TEXTS] == [True, False]
    assert nlp.evaluate(examples)["sentiment_mae"] < 0.4
    nlp.to_disk(tmp_path / "saved")
    again = spacy.load(tmp_path / "saved")
    assert again.get_pipe("luke_sentiment").bound == 0.6
    assert {doc.text: doc.sentiment for doc in again.pipe(TEXTS)} == pytest.approx(found, abs=1e-5)


def test_wrong_settings_are_refused(code: str):
    with pytest.raises(ValueError, match="bound"):
        spacy.blank("en").add_pipe("luke_sentiment", config={"bound": "high"})
