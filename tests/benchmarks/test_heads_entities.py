"""The tasks of `benchmarks.heads` on entities and their pairs, from tiny files laid out like the data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from tiny_heads import save_encoder

from benchmarks.heads import crossner, redocred, semeval, wnut17
from benchmarks.heads.run import questions, run
from benchmarks.heads.task import Annotate, Splits, Task
from spacy_luke.annotation import write_relations

TOWNS = ("Rome", "Oslo", "Paris", "Bonn")


def columns(rows: list[list[tuple[str, str]]]) -> str:
    return "\n".join("".join(f"{word}\t{tag}\n" for word, tag in row) for row in rows)


def born(who: str, kind: str, town: str, day: int) -> list[tuple[str, str]]:
    rest = [(word, "O") for word in ("on", "day", f"d{day}", ".")]
    return [(who, f"B-{kind}"), ("saw", "O"), (town, "B-location"), *rest]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with a few rows in the data's own formats."""
    root = tmp_path_factory.mktemp("data")
    for folder in ("wnut17", "semeval2010-8", *(f"crossner/{field}" for field in crossner.FIELDS)):
        (root / folder).mkdir(parents=True)
    parts = {
        "train": [
            born(("Ana", "Acme")[i % 2], ("person", "group")[i % 2], TOWNS[i % 4], i) for i in range(24)
        ],
        "dev": [born("Ana", "person", TOWNS[i], 30 + i) for i in range(4)],
        "test": [born("Bob", "person", "Rome", 40), born("Acme", "group", "Bonn", 23)],
    }
    for name, rows in zip(wnut17.FILES, parts.values(), strict=True):
        (root / "wnut17" / name).write_text(columns(rows))
    for number, field in enumerate(crossner.FIELDS):
        for part, rows in parts.items():
            rows = [[*row, (f"x{number}", "O")] for row in rows]
            (root / "crossner" / field / f"{part}.txt").write_text(columns([*rows, [("none", "O")]]))
    lines = []
    for i in range(40):
        mark, verb, told = [
            ("<e1>{}</e1> {} <e2>{}</e2>", "heats", "Cause-Effect(e1,e2)"),
            ("<e1>{}</e1> {} <e2>{}</e2>", "is heated by", "Cause-Effect(e2,e1)"),
            ("<e1>{}</e1> {} <e2>{}</e2>", "holds", "Content-Container(e2,e1)"),
            ("<e1>{}</e1> {} <e2>{}</e2>", "near", "Other"),
        ][i % 4]
        lines.append(f'{i}\t"{mark.format(TOWNS[i % 3], verb, "tea")} on day d{i} ."\n{told}\nComment:\n\n')
    (root / "semeval2010-8" / "TRAIN_FILE.TXT").write_text("".join(lines))
    (root / "semeval2010-8" / "TEST_FILE_FULL.TXT").write_text("".join(lines[:4]).replace("on day", "at day"))
    write_redocred(root / "redocred")
    return root


def record(number: int, verb: str) -> dict[str, Any]:
    """Two sentences, of which the first may relate its person and its town, and the second has one mention."""
    town = TOWNS[number % 4]
    places = [("Ana", "PER", 0, 0), (town, "LOC", 0, 2), ("Bob", "PER", 1, 0)]
    return {
        "title": f"title {number}",
        "sents": [["Ana", verb, town, f"d{number}", "."], ["Bob", "slept", f"e{number}", "there", "."]],
        "vertexSet": [
            [{"name": name, "type": kind, "sent_id": sent, "pos": [at, at + 1]}]
            for name, kind, sent, at in places
        ],
        "labels": [{"h": 0, "t": 1, "r": "P19"}] if verb == "loves" else [],
    }


def write_redocred(folder: Path) -> None:
    folder.mkdir()
    (folder / "rel_info.json").write_text(json.dumps({"P19": "place of birth"}))
    annotated = [record(i, ("loves", "left")[i % 2]) for i in range(140)]
    (folder / "dev_revised.json").write_text(json.dumps(annotated))
    (folder / "test_first_half.json").write_text(
        json.dumps([record(200 + i, ("loves", "left")[i % 2]) for i in range(4)])
    )


def rule_scores(task: Task, splits: Splits) -> dict[str, dict[str, float]]:
    """What each rule reaches on the test documents."""

    def examples(annotate: Annotate) -> list[Example]:
        docs = questions(task, spacy.blank("en").vocab, splits.test)
        for doc in docs:
            annotate(doc)
        return [Example(doc, gold) for doc, gold in zip(docs, splits.test, strict=True)]

    return {name: task.score(examples(learn(splits.train))) for name, learn in task.rules.items()}


def test_wnut17(data: Path) -> None:
    splits = wnut17.read(data)
    assert [len(docs) for docs in splits] == [23, 4, 2]  # one training sentence is in the test part
    (scores,) = rule_scores(wnut17.TASK, splits).values()
    assert scores == {"f1": pytest.approx(6 / 7), "precision": 1.0, "recall": 0.75}  # Bob is new


def test_crossner(data: Path) -> None:
    splits = crossner.read(data)
    assert len(splits.train) + len(splits.dev) == 5 * (23 + 4)
    assert not {doc.text for doc in splits.train} & {doc.text for doc in splits.dev}
    scores = rule_scores(crossner.TASK, splits)
    assert scores["commonest type"]["accuracy"] == 0.5
    assert scores["type of the name in training"] == {
        "accuracy": 0.75,
        "macro_f1": pytest.approx((1 + 0 + 4 / 5) / 3),  # Bob is taken for a town
    }


def test_labels_of_spancat_go_to_the_entities(data: Path) -> None:
    gold = crossner.read(data).test[0]
    (doc,) = questions(crossner.TASK, gold.vocab, [gold])
    found = crossner.make_suggester()([doc, Doc(doc.vocab, words=["none"])])
    assert (found.dataXd.tolist(), found.lengths.tolist()) == ([[0, 1], [2, 3]], [2, 0])
    doc.spans[crossner.KEY] = [spacy.tokens.Span(doc, 2, 3, "location")]
    crossner.label_entities(doc)
    assert crossner.score([Example(doc, gold)])["accuracy"] == 0.5


def test_semeval(data: Path) -> None:
    splits = semeval.read(data)
    assert len(splits.train) + len(splits.dev) == 40
    assert len(splits.test) == 4
    scores = rule_scores(semeval.TASK, splits)
    assert scores["words between the nominals"] == {"macro_f1": 1.0, "micro_f1": 1.0, "accuracy": 1.0}
    assert scores["commonest relation"]["accuracy"] == 0.25


def test_relations_in_the_wrong_direction_are_wrong(data: Path) -> None:
    golds = semeval.read(data).test
    docs = questions(semeval.TASK, golds[0].vocab, golds)
    for doc in docs:
        first, second = doc.ents
        write_relations(
            doc, [(first, second, "Cause-Effect", 0.4), (second, first, "Content-Container", 0.3)]
        )
    scores = semeval.score([Example(doc, gold) for doc, gold in zip(docs, golds, strict=True)])
    assert scores == {  # one right of four answers; two gold ones of that relation, one of the other
        "macro_f1": pytest.approx((2 * 1 / (4 + 2) + 0) / 2),
        "micro_f1": pytest.approx(2 * 1 / (4 + 3)),
        "accuracy": 0.25,
    }


def test_redocred(data: Path) -> None:
    splits = redocred.read(data)
    assert [len(docs) for docs in splits] == [40, 100, 4]
    assert all(len(list(doc.sents)) == 1 and len(doc.ents) == 2 for doc in splits.train)
    assert {len(list(doc.sents)) for doc in splits.test} == {2}
    scores = rule_scores(redocred.TASK, splits)
    assert scores["commonest relation, of its types"]["micro_f1"] == pytest.approx(2 * 2 / (4 + 2))
    assert scores["types and words between"] == {"micro_f1": 1.0, "macro_f1": 1.0}


@pytest.mark.parametrize("module", [wnut17, crossner, semeval, redocred])
def test_all_are_trained_and_scored(module: Any, data: Path, tmp_path: Path) -> None:
    task: Task = module.TASK
    (name,) = task.ours.config()["components"]
    steps = {"training.max_steps": 60, "training.eval_frequency": 20, "training.batcher.size": 200}
    start = {
        f"components.{name}.model.checkpoint": save_encoder(tmp_path / "start"),
        "training.optimizer.learn_rate.initial_rate": 0.003,
    }
    task = replace(
        task,
        rivals=[replace(rival, settings=steps) for rival in task.rivals],
        ours=replace(task.ours, settings={**task.ours.settings, **steps, **start}),
    )
    result = run(task, data, tmp_path)
    figures = {system["name"]: system["test"][task.metric] for system in result["systems"]}
    assert list(figures) == [*task.rules, *(rival.name for rival in task.rivals), task.ours.name]
    assert figures[task.ours.name] > 0.5
