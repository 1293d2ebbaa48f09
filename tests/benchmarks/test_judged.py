"""Facts are drawn evenly, and verdicts counted."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import srsly

import spacy_luke
from benchmarks.judged import count, draw, main, read_gum

TEXT = """# newdoc
# newpar
# text = Ada Lovelace was born in London.
1	Ada
# newpar
# text = She sang.
# text = Often.
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    with tarfile.open(tmp_path / "gum.tar.xz", "w:xz") as files:
        for name in ("GUM_news_b", "GUM_bio_a", "GUM_news_a"):
            path = tmp_path / f"{name}.conllu"
            path.write_text(TEXT, "utf8")
            files.add(path, path.name)
    return tmp_path / "gum.tar.xz"


def test_texts_by_name(archive: Path) -> None:
    docs = dict(read_gum(archive))
    assert list(docs) == ["GUM_bio_a", "GUM_news_a", "GUM_news_b"]
    assert set(docs.values()) == {"Ada Lovelace was born in London.\nShe sang. Often."}


def test_each_genre_gives_the_same_number(
    archive: Path, make_checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, load = make_checkpoint(loud=True), spacy_luke.load
    monkeypatch.setattr(
        spacy_luke, "load", lambda name: load(name, config={"components.luke.thresholds.facts": 0.0})
    )
    everything = draw(archive, 10**6, 0, checkpoint)
    by_genre = [fact["id"].split("_")[1] for fact in everything]
    assert by_genre.count("news") == 2 * by_genre.count("bio") > 4
    drawn = draw(archive, 4, 0, checkpoint)
    assert sorted(fact["id"].split("_")[1] for fact in drawn) == ["bio", "bio", "news", "news"]
    assert drawn == draw(archive, 4, 0, checkpoint)
    assert all(fact["head"] in fact["passage"] and fact["tail"] in fact["passage"] for fact in drawn)


def test_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = [{"id": f"GUM_news_a:{i}:0:x"} for i in range(4)]
    verdicts = [["stated", "stated", "wrong", "true only"], ["stated", "wrong", "wrong", "true only"]]
    judges = [{fact["id"]: v for fact, v in zip(facts, side, strict=True)} for side in verdicts]
    result = count(facts, judges)
    assert result["stated"] == {"both": 0.25, "mean": 0.375}
    assert result["agreement"] == 0.75
    # Chance: 2/4 * 1/4 + 1/4 * 1/4 + 1/4 * 2/4
    assert result["kappa"] == pytest.approx((0.75 - 0.3125) / (1 - 0.3125))
    assert result["stated by both, by genre"] == {"news": "1 of 4"}
    with pytest.raises(ValueError, match="Judge 2 has no verdict of 'GUM_news_a:3:0:x'"):
        count(facts, [judges[0], {**judges[1], "GUM_news_a:3:0:x": "maybe"}])
    srsly.write_jsonl(tmp_path / "facts.jsonl", facts)
    for name, judge in zip(("first", "second"), judges, strict=True):
        srsly.write_jsonl(tmp_path / f"{name}.jsonl", [{"id": i, "verdict": v} for i, v in judge.items()])
    paths = [str(tmp_path / f"{name}.jsonl") for name in ("facts", "first", "second")]
    main(["count", *paths, "--out", str(tmp_path / "out.json")])
    assert "kappa" in capsys.readouterr().out
    assert srsly.read_json(tmp_path / "out.json")["verdicts"] == result["verdicts"]
