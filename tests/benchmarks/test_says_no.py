"""Figures of minimal pairs, with a pipe that says what a table holds, and the set itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

import spacy_luke
from benchmarks.says_no.__main__ import main
from benchmarks.says_no.figures import Item, false_alarms, measure, recall_threshold, true_above
from benchmarks.says_no.pairs import HALVES, SIDES, Pair, Text, read_pairs, read_predictions
from benchmarks.says_no.reading import read_texts

KINDS = {
    "co-occurrence",
    "other pair",
    "reversed",
    "negated",
    "hypothetical",
    "ended",
    "list",
    "topic change",
}
LABELS = {"PER", "ORG", "LOC", "TIME", "NUM", "MISC"}
VERBS = {"runs": 0.9, "owns": 0.6, "sees": 0.6, "likes": 0.2, "leaves": 0.0}


class Fake:
    """Scores "owned by" from the last entity to the first by the verb behind that one; all else is always sure."""

    def __init__(self) -> None:
        self.thresholds: dict[str, Any] = {"relations": 0.5}
        self.read: list[Doc] = []

    def __call__(self, doc: Doc) -> Doc:
        self.read.append(doc)
        first, last = doc.ents[0], doc.ents[-1]
        scores = {"owned by": VERBS[doc[first.end].text], "country": 0.98}
        told = [(last, first, label, score) for label, score in scores.items()]
        told.append((first, last, "owned by", 0.99))
        doc._.luke_relations = [relation for relation in told if relation[-1] > self.thresholds["relations"]]
        return doc


@pytest.fixture
def nlp() -> Language:
    spacy_luke.set_extensions()
    Language.factory("says_no_fake", func=lambda nlp, name: Fake())
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    pipeline.add_pipe("says_no_fake", name="luke")
    return pipeline


def row(number: int, kind: str, half: str, verbs: tuple[str, str]) -> dict[str, Any]:
    sides = {
        side: {
            "text": f"Ann Lee {verb} Foo.",
            "head": [9 + len(verb), 12 + len(verb), "ORG"],
            "tail": [0, 7, "PER"],
            "others": [],
        }
        for side, verb in zip(SIDES, verbs, strict=True)
    }
    return {
        "id": f"P127-{number}",
        "relation": "P127",
        "name": "owned by",
        "kind": kind,
        "half": half,
        **sides,
    }


ROWS = [
    row(1, "negated", "tuning", ("runs", "likes")),
    row(2, "negated", "tuning", ("owns", "runs")),
    row(3, "list", "tuning", ("sees", "owns")),
    row(4, "list", "tuning", ("likes", "leaves")),
    row(5, "list", "locked", ("leaves", "runs")),
    row(6, "list", "tuning", ("leaves", "leaves")),
]
# Scores of the true texts .9 .6 .6 .2 0: three of the five, 60%, are found at .6. Of the false ones, .2 .9 .6 0 0.
FIGURES = {
    "all": {
        "pairs": 5,
        "true_above": 2 / 5,
        "found": 3 / 5,
        "false_alarms": 2 / 5,
        "said_true": 3 / 5,
        "said_false": 2 / 5,
    },
    "negated": {
        "pairs": 2,
        "true_above": 1 / 2,
        "found": 1,
        "false_alarms": 1 / 2,
        "said_true": 1,
        "said_false": 1 / 2,
    },
    "list": {
        "pairs": 3,
        "true_above": 1 / 3,
        "found": 1 / 3,
        "false_alarms": 1 / 3,
        "said_true": 1 / 3,
        "said_false": 1 / 3,
    },
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "pairs.jsonl", ROWS)


def check_figures(data: dict[str, Any]) -> None:
    found = {"all": data["all"], **data["kinds"]}
    assert found.keys() == FIGURES.keys()
    assert all(found[name] == pytest.approx(row) for name, row in FIGURES.items())


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    return path


def test_figures_of_a_pipe(
    nlp: Language,
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(spacy_luke, "load", lambda checkpoint: nlp)
    out = tmp_path / "new" / "says-no.json"
    main([f"--pairs={path}", f"--out={out}"])
    assert "true above" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["half"], data["threshold"]) == ("tuning", 0.6)
    intervals = data["all"].pop("intervals")
    check_figures(data)
    assert set(intervals) == {"true_above", "false_alarms", "said_true", "said_false"}
    low, high = intervals["true_above"]
    assert 0 <= low < 2 / 5 < high <= 1
    assert nlp.get_pipe("luke").thresholds == {"relations": 0.5}


def test_the_locked_half_is_read_when_asked_for(nlp: Language, path: Path) -> None:
    assert [pair.id for pair in read_pairs(path, "locked")] == ["P127-5"]
    scores, said = read_texts(nlp, read_pairs(path, "locked"))
    assert scores == {("P127-5", "true"): 0.0, ("P127-5", "false"): 0.9}
    assert said == {("P127-5", "false")}


def test_figures_of_predictions(path: Path, tmp_path: Path) -> None:
    texts = [(r, side) for r in ROWS[:4] + ROWS[5:] for side in SIDES]
    rows = [
        {"id": r["id"], "side": side, "score": 10 * VERBS[r[side]["text"].split()[2]]} for r, side in texts
    ]
    predictions = write(
        tmp_path / "predictions.jsonl", [*rows, {"id": "another", "side": "true", "score": 1}]
    )
    out = tmp_path / "says-no.json"
    args = [f"--pairs={path}", f"--predictions={predictions}", f"--out={out}"]
    main([*args, "--threshold=6"])
    data = json.loads(out.read_text(encoding="utf8"))
    data["all"].pop("intervals")
    check_figures(data)
    assert data["threshold"] == 6
    main(args)  # a system that has no threshold
    data = json.loads(out.read_text(encoding="utf8"))
    assert set(data["all"]["intervals"]) == {"true_above", "false_alarms"}
    assert (data["all"]["false_alarms"], data["all"]["said_true"]) == (2 / 5, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda rows: rows[:-1], "no score for 1 texts"), (lambda rows: [*rows, rows[0]], "two scores")],
)
def test_refuses_predictions_that_do_not_fit(
    path: Path, tmp_path: Path, change: Callable[[list[Any]], list[Any]], message: str
) -> None:
    rows = [{"id": r["id"], "side": side, "score": 1} for r in ROWS for side in SIDES]
    predictions = write(tmp_path / "predictions.jsonl", change(rows))
    with pytest.raises(ValueError, match=message):
        read_predictions(predictions, read_pairs(path))


def test_a_pair_across_sentences_is_asked_about(nlp: Language) -> None:
    nlp.add_pipe("says_no_fake", name="other")
    text = Text("Ann runs. Foo", (10, 13, "ORG"), (0, 3, "PER"))
    pair = Pair("P127-1", "P127", "owned by", "negated", "tuning", dict.fromkeys(SIDES, text))
    scores, _ = read_texts(nlp, [pair])
    assert set(scores.values()) == {0.9}
    read = nlp.get_pipe("luke").read
    assert len(read) == 4  # both texts at both thresholds
    assert not any(doc.has_annotation("SENT_START") for doc in read)
    assert nlp.get_pipe("other").read == []


def test_threshold_and_shares() -> None:
    items = [Item("list", true, false) for true, false in [(5, 5), (4, 1), (3, 4), (2, 0), (1, 0)]]
    assert recall_threshold(items) == 3
    assert recall_threshold(items[:2]) == 4  # one of two would be too few
    assert true_above(items) == 3 / 5
    assert false_alarms(items, 3) == 2 / 5
    assert measure(items)["kinds"]["list"]["said_true"] is None


def test_the_set() -> None:
    pairs = read_pairs()
    assert len(pairs) == len({pair.id for pair in pairs}) == 500
    texts = [pair.sides[side].text for pair in pairs for side in SIDES]
    assert len(set(texts)) == 1000
    assert Counter(pair.half for pair in pairs) == dict.fromkeys(HALVES, 250)
    assert len({pair.relation for pair in pairs}) == len({pair.name for pair in pairs}) == 95
    by_kind = Counter((pair.half, pair.kind) for pair in pairs)
    assert set(by_kind) == {(half, kind) for half in HALVES for kind in KINDS}
    assert min(by_kind.values()) >= 25
    by_relation = Counter((pair.relation, pair.half) for pair in pairs)
    assert all(by_relation[pair.relation, half] >= 2 for pair in pairs for half in HALVES)


def test_the_entities_of_the_set() -> None:
    nlp = spacy.blank("en")
    for pair in read_pairs():
        named = []
        for text in pair.sides.values():
            doc = nlp.make_doc(text.text)
            mentions = [text.head, text.tail, *text.others]
            spans = [doc.char_span(*mention) for mention in mentions]
            assert all(spans), pair.id  # whole tokens
            doc.set_ents(spans)  # refuses overlaps
            assert {label for *_, label in mentions} <= LABELS
            head, tail = spans[:2]
            assert abs(head.start - tail.start) <= 32, pair.id  # within the default pipe's reach
            named.append([(span.text, span.label_) for span in (head, tail)])
        assert named[0] == named[1], pair.id
