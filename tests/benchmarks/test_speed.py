from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy

from benchmarks.speed import ENCODER, FACTS, GIVEN, ONE_MORE, _batches, main, measure
from spacy_luke import load


def test_ways_are_timed_in_turn_and_the_first_round_is_dropped() -> None:
    calls: list[str] = []
    ways = measure({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 4
    assert [way.name for way in ways] == ["a", "b"]
    assert [len(way.seconds) for way in ways] == [3, 3]
    assert all(seconds > 0 for way in ways for seconds in way.seconds)


@pytest.fixture(scope="module")
def trained(make_checkpoint: Callable[..., str]) -> str:
    return make_checkpoint(loud=True, max_position_embeddings=200)


def test_the_encoder_reads_every_piece_once(trained: str) -> None:
    nlp = load(trained)
    pipe = nlp.get_pipe("luke")
    pipe.max_batch_pieces = 40
    texts = ["Ana was born in Rome .", "", "Bob works for Acme .", "Max from Bonn likes the old tea . " * 3]
    batches = _batches(nlp, pipe, texts)
    assert sorted(window.doc for batch in batches for window in batch.windows) == [0, 2, 3]
    assert all(batch.inputs.input_ids.size <= 40 for batch in batches)
    words = sum(len(nlp.make_doc(text)) for text in texts)
    assert sum(int((batch.tokens >= 0).sum()) for batch in batches) == words


def test_a_larger_encoder_reads_given_entities(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "speed.json"
    sizes = ["hidden_size=24", "num_attention_heads=2", "num_hidden_layers=1"]
    main([str(corpus), "--rounds=1", f"--out={out}", "--size", *sizes])
    data = json.loads(out.read_text(encoding="utf8"))
    assert data["sizes"]["hidden_size"] == 24
    assert [way["name"] for way in data["ways"]] == [ENCODER, GIVEN, ONE_MORE]
    assert all(way["words_per_second"] > 0 for way in data["ways"])


def test_other_attentions_can_be_left_out(trained: str, corpus: Path, tmp_path: Path) -> None:
    names = []
    for attentions in ([], ["full"]):
        out = tmp_path / "speed.json"
        main(
            [
                str(corpus),
                f"--checkpoint={trained}",
                "--rounds=1",
                f"--out={out}",
                "--attentions",
                *attentions,
            ]
        )
        names.append([way["name"] for way in json.loads(out.read_text(encoding="utf8"))["ways"]])
    assert names == [[ENCODER, FACTS, ONE_MORE], [ENCODER, FACTS, ONE_MORE, f"{FACTS}, attention full"]]


def test_all_ways(trained: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "other")
    out = tmp_path / "new" / "speed.json"
    main(
        [str(corpus), f"--checkpoint={trained}", f"--ner={tmp_path / 'other'}", "--rounds=1", f"--out={out}"]
    )
    assert "attention full" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["documents"], data["words"], data["rounds"]) == (16, 64, 1)
    assert len(data["ways"]) == 7
    assert data["ways"][0] == {**data["ways"][0], "name": ENCODER, "times_the_encoder": 1.0}
    for way in data["ways"]:
        ratio = data["ways"][0]["words_per_second"] / way["words_per_second"]
        assert way["times_the_encoder"] == pytest.approx(ratio)  # of one round, so they have to agree
