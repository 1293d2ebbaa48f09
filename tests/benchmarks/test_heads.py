"""The frame of `benchmarks.heads` and its tasks on text, from tiny files laid out like the data."""

from __future__ import annotations

import csv
import json
import lzma
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from tiny_heads import save_encoder

from benchmarks.heads import banking77, codah, qamr, ud_ewt
from benchmarks.heads.__main__ import main
from benchmarks.heads.run import questions, run
from benchmarks.heads.split import tenths
from benchmarks.heads.task import Annotate, Splits, Task
from spacy_luke.annotation import get_choice, get_choices, get_questions

INTENTS = {"find_card": "where is my card {}", "money_back": "i want my money back {}"}
SENTENCE = "The -LRB- big -RRB- river Tarka runs to Barnstaple ."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with a few rows in the data's own formats."""
    root = tmp_path_factory.mktemp("data")
    for name in ("banking77", "ud-ewt", "qamr", "codah"):
        (root / name).mkdir()
    for file, n in (("train", 30), ("test", 4)):
        with (root / "banking77" / f"{file}.csv").open("w", newline="") as out:
            rows = [(text.format(i), label) for i in range(n) for label, text in INTENTS.items()]
            rows += [(f"give me {i} back", "money_back") for i in range(n)]
            csv.writer(out).writerows([("text", "category"), *rows, (f"extra, {file}", "money_back")])
    line = "{}\t{}\t_\t{}\tXX\t_\t0\troot\t_\t_\n"
    sentence = line.format(1, "Tea", "NOUN") + line.format(2, "cools", "VERB") + "\n"
    for file, n in (("dev", ud_ewt.HELD_OUT + 3), ("test", 2)):
        (root / "ud-ewt" / f"en_ewt-ud-{file}.conllu").write_text("# sent_id = 1\n" + sentence * n)
    ids = [f"Wiki1k:wikipedia:{i}:90:8" for i in range(30)]
    tables = {
        "wiki-sentences": [(i, SENTENCE) for i in ids],
        "dev": [(i, "5", "76", "0", "5", "What runs?", "4 5", "1:5", "2:4 5") for i in ids],
        "test": [
            (ids[0], "5", "76", "0", "5", "To what?", "8", "1:4 8", "2:7 8"),
            (ids[0], "5", "76", "1", "5", "What else?", "4 8", "1:0 8", "2:1 8"),
        ],
    }
    for file, rows in tables.items():
        with lzma.open(root / "qamr" / f"{file}.tsv.xz", "wt") as packed:
            packed.writelines("\t".join(row) + "\n" for row in rows)
    rows = [("o", f"Number {i}. She", "ran.", "slept for a week.", "is.", "ate.", "3") for i in range(40)]
    (root / "codah" / "full_data.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    return root


def test_tenths_keep_equal_keys_together() -> None:
    items = [(i, f"{i % 50}") for i in range(200)]
    parts = tenths(items, key=lambda item: item[1])
    assert len(parts) == 10
    assert sorted(item for part in parts for item in part) == items
    keys = [{key for _, key in part} for part in parts]
    assert sum(map(len, keys)) == 50
    again = tenths(reversed(items), key=lambda item: item[1])
    assert [sorted(part) for part in again] == parts


def predicted(golds: list[Doc], annotate: Annotate, words_of: Any) -> list[Example]:
    """Examples in which copies of gold documents are annotated by a rule."""
    examples = []
    for gold in golds:
        doc = words_of(gold)
        annotate(doc)
        examples.append(Example(doc, gold))
    return examples


def bare(task: Task, gold: Doc) -> Doc:
    return questions(task, gold.vocab, [gold])[0]


def rule_scores(task: Task, splits: Splits) -> dict[str, dict[str, float]]:
    """What each rule reaches on the test documents."""
    return {
        name: task.score(predicted(splits.test, learn(splits.train), lambda gold: bare(task, gold)))
        for name, learn in task.rules.items()
    }


def test_banking77(data: Path) -> None:
    splits = banking77.read(data)
    assert len(splits.train) + len(splits.dev) == 91
    assert not {doc.text for doc in splits.train} & {doc.text for doc in splits.dev}
    assert splits.test[-1].text == "extra, test"
    assert splits.test[0].cats == {"find_card": 1.0, "money_back": 0.0}
    (scores,) = rule_scores(banking77.TASK, splits).values()
    assert scores["accuracy"] == pytest.approx(9 / 13)


def test_ud_ewt(data: Path) -> None:
    splits = ud_ewt.read(data)
    assert [len(docs) for docs in splits] == [3, ud_ewt.HELD_OUT, 2]
    assert [token.tag_ for token in splits.train[0]] == ["NOUN", "VERB"]
    assert splits.train[0].has_unknown_spaces  # or readers would cut the tokens anew
    assert rule_scores(ud_ewt.TASK, splits) == {
        "most frequent tag": {"accuracy": 0.5},
        "most frequent tag of the word": {"accuracy": 1.0},
    }


def test_tags_of_new_words_are_those_of_rare_words() -> None:
    vocab = spacy.blank("en").vocab
    train = [Doc(vocab, words=["a", "a", "b", "c"], tags=["DET", "DET", "NOUN", "NOUN"])]
    doc = Doc(vocab, words=["A", "new"])
    ud_ewt.most_frequent_of_word(train)(doc)
    assert [token.tag_ for token in doc] == ["DET", "NOUN"]


def test_qamr(data: Path) -> None:
    splits = qamr.read(data)
    assert len(splits.train) + len(splits.dev) == 30
    train = splits.train[0]
    assert [token.text for token in train][1:4] == ["(", "big", ")"]
    assert [span.text for span in train.spans[qamr.KEY]] == ["river Tarka", "Tarka"]  # the asker's first
    (test,) = splits.test  # the other question has no answer in one piece
    assert get_questions(test) == ("To what?",)
    assert [span.text for span in test.spans[qamr.KEY]] == ["Barnstaple", "to Barnstaple"]
    exact = {name: scores["exact_match"] for name, scores in rule_scores(qamr.TASK, splits).items()}
    assert exact == dict.fromkeys(qamr.TASK.rules, 0.0)
    whole = rule_scores(qamr.TASK, splits)["the whole sentence"]
    assert whole["word_f1"] == pytest.approx(2 * 1 / (1 + 2 / 6) * (2 / 6))  # "the" and brackets don't count


def test_longest_run_leaves_out_words_of_the_question(data: Path) -> None:
    test = qamr.read(data).test[0]
    rule = qamr.longest_run(lambda token: token.text in ("to", "Tarka", "runs", "Barnstaple"))
    doc = bare(qamr.TASK, test)
    rule([])(doc)
    assert [span.text for span in doc.spans[qamr.KEY]] == ["Tarka runs"]


def test_codah(data: Path) -> None:
    splits = codah.read(data)
    assert sum(map(len, splits)) == 40
    assert all(splits)
    gold = get_choice(splits.train[0])
    assert gold is not None
    assert gold.text == "ate."
    assert get_choices(splits.test[0])[1] == "slept for a week."
    assert rule_scores(codah.TASK, splits) == {
        "most frequent place": {"accuracy": 1.0},
        "longest text": {"accuracy": 0.0},
    }


# --- the whole experiment ------------------------------------------------------------------


def test_tuning_leaves_the_test_documents_alone(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {
        "components.luke_tagger.model.checkpoint": save_encoder(tmp_path / "start"),
        "training.max_steps": 6,
        "training.eval_frequency": 3,
    }
    options = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    paths = [f"--data={data}", f"--keep={tmp_path / 'kept'}", f"--out={tmp_path / 'out'}"]
    main(["ud-ewt", *paths, "--tune", *options])
    assert "accuracy, held_out" in capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "ud-ewt.json").read_text(encoding="utf8"))
    (ours,) = result["systems"]
    assert "test" not in ours
    assert ours["settings"]["training.max_steps"] == ours["steps"] == 6


def test_all_are_trained_and_scored(data: Path, tmp_path: Path) -> None:
    steps = {"training.max_steps": 40, "training.eval_frequency": 10, "training.batcher.size": 20}
    start = {"components.luke_tagger.model.checkpoint": save_encoder(tmp_path / "start")}
    task = replace(
        ud_ewt.TASK,
        rivals=[replace(rival, settings=steps) for rival in ud_ewt.TASK.rivals],
        ours=replace(ud_ewt.TASK.ours, settings={**ud_ewt.TASK.ours.settings, **steps, **start}),
    )
    result = run(task, data, tmp_path)
    assert result["documents"] == {"train": 3, "dev": ud_ewt.HELD_OUT, "test": 2}
    figures = {system["name"]: system["test"]["accuracy"] for system in result["systems"]}
    assert figures == {
        "most frequent tag": 0.5,
        "most frequent tag of the word": 1.0,
        "spaCy's tagger": 1.0,
        "luke_tagger": 1.0,
    }
