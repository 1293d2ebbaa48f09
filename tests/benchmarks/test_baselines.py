from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Model

from benchmarks.baselines.__main__ import main
from benchmarks.baselines.data import read_gold_tokens, read_golds
from benchmarks.baselines.relation_tutorial import RelationTutorial, pair_vectors, pairs_within
from spacy_luke.training.mentions import given_tokens


def run(baseline: str, corpus: Path, out: Path, *options: str) -> dict[str, Any]:
    paths = [f"--{name}={corpus}" for name in ("train", "dev", "test")]
    main([baseline, *paths, f"--out={out}", *options])
    result: dict[str, Any] = json.loads(out.read_text(encoding="utf8"))
    assert result["documents"] == 16
    assert result["machine"]["cores"] >= 1
    return result


def test_lookup(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run("lookup", corpus, tmp_path / "new" / "lookup.json")
    assert result["figures"]["relations"]["value"] == 1.0
    assert result["labels"]["left"]["gold"] == 8
    assert "relations in a sentence, micro-F1" in capsys.readouterr().out


def test_tutorial(corpus: Path, tmp_path: Path) -> None:
    """Mean vectors of the mentions see the verb through the convolution."""
    result = run("relations", corpus, tmp_path / "relations.json", "--minutes=0.05", "--max-length=10")
    assert result["figures"]["relations"]["value"] > 0.5
    assert result["figures"]["relations"]["value"] == pytest.approx(
        result["held_out_f1"]
    )  # the same documents
    assert result["max_length"] == 10
    assert result["epochs"] >= 1


def test_ner(corpus: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    result = run("ner", corpus, tmp_path / "ner.json", "--max-steps=12", f"--keep={kept}")
    assert 0 <= result["figures"]["ner"]["value"] <= 1
    assert spacy.load(kept / "model-best").pipe_names == ["tok2vec", "ner"]


def test_reader_keeps_tokens_and_hides_entities(corpus: Path) -> None:
    nlp = spacy.blank("en")
    examples = list(read_gold_tokens(corpus, False)(nlp))
    assert len(examples) == 16
    assert [token.text for token in examples[0].predicted] == ["Ada", "left", "Ada", "."]
    assert not examples[0].predicted.ents
    assert len(examples[0].reference.ents) == 2
    (given, *_) = read_gold_tokens(corpus, False, mentions=True)(nlp)
    assert [ent.text for ent in given.predicted.ents] == ["Ada", "Ada"]


# --- the tutorial's component ------------------------------------------------------------


def mentions_at(*starts: int) -> Doc:
    doc = Doc(spacy.blank("en").vocab, words=["w"] * 20)
    doc.ents = [Span(doc, start, start + 2, "X") for start in starts]
    return doc


def test_pairs_within() -> None:
    assert pairs_within(mentions_at(0, 3, 10), 6).tolist() == [[0, 1], [1, 0]]
    assert len(pairs_within(mentions_at(0, 3, 10), 7)) == 4
    assert pairs_within(mentions_at(), 7).shape == (0, 2)


def rows_of(docs: list[Doc]) -> list[np.ndarray]:
    return [np.arange(len(doc) * 2, dtype=np.float32).reshape(-1, 2) for doc in docs]


def test_pair_vectors_forward_and_back() -> None:
    """The gradient of a linear function of the output is that of its input, whatever the rows are."""
    given: list[np.ndarray] = []

    def forward(model: Model, docs: list[Doc], is_train: bool) -> tuple[list[np.ndarray], Any]:
        return rows_of(docs), given.extend

    layer = pair_vectors(Model("rows", forward, dims={"nO": 2}), 10)
    docs = [mentions_at(0, 3), mentions_at(), mentions_at(5, 8, 11)]
    vectors, backprop = layer(docs, True)
    assert vectors.shape == (2 + 0 + 6, 4)
    assert vectors[0].tolist() == [1.0, 2.0, 7.0, 8.0]  # rows 0 and 1, rows 3 and 4
    weights = np.random.default_rng(0).normal(size=vectors.shape).astype(np.float32)
    backprop(weights)
    assert [gradient.shape for gradient in given] == [(20, 2)] * 3
    through_rows = sum((gradient * rows).sum() for gradient, rows in zip(given, rows_of(docs), strict=True))
    assert through_rows == pytest.approx((weights * vectors).sum(), rel=1e-5)


def test_component_learns_and_writes(corpus: Path) -> None:
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(
        "relation_tutorial", config={"max_length": 10, "width": 16, "depth": 1, "embed_size": 200}
    )
    assert isinstance(pipe, RelationTutorial)
    golds = read_golds(nlp, corpus)
    examples = [Example(given_tokens(nlp.vocab, gold, mentions=True), gold) for gold in golds]
    sgd = nlp.initialize(lambda: examples)
    assert pipe.labels == ("left", "likes")
    losses = [nlp.update(examples, sgd=sgd)["relation_tutorial"] for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]
    pipe.cfg["threshold"] = 0.0
    bare = Doc(nlp.vocab, words=["nothing"])
    doc, empty = pipe.pipe([given_tokens(nlp.vocab, golds[0], mentions=True), bare])
    assert {(r.head.text, r.tail.text, r.label) for r in doc._.luke_relations} >= {("Ada", "Ada", "left")}
    assert empty._.luke_relations == ()
    assert nlp.update([Example(bare.copy(), bare)], sgd=sgd) == {"relation_tutorial": 0.0}


def test_ner_on_the_encoder(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("spacy_transformers")
    kept = tmp_path / "kept"
    run("ner-luke", corpus, tmp_path / "ner.json", "--max-steps=2", f"--keep={kept}")
    nlp = spacy.load(kept / "model-best")
    assert nlp.pipe_names == ["luke", "ner"]
    assert nlp.get_pipe("luke").labels == ()
