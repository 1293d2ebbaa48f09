"""Batches that are predicted at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from every_pipe import PIPES, ask, make, said, save

from spacy_luke.layers import threads
from spacy_luke.layers.shim import LukeShim
from spacy_luke.layers.threads import batches_at_once, predict_at_once


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def _where(at_once: int, n_batches: int) -> tuple[list[str], list[int]]:
    """For each batch the name of the thread that predicts it, and how many of torch's threads it has."""
    seen: list[tuple[str, int]] = predict_at_once(
        lambda _: (threading.current_thread().name, torch.get_num_threads()), range(n_batches), at_once
    )
    return [name for name, _ in seen], [n for _, n in seen]


@pytest.mark.parametrize(
    ("at_once", "n_batches", "expected"),
    [
        (2, 6, [2, 2, 2, 2, 4, 4]),
        (2, 5, [2, 2, 2, 2, 4]),
        (4, 5, [1, 1, 1, 1, 4]),
        (4, 4, [4, 4, 4, 4]),
        (1, 3, [4, 4, 4]),
        (2, 0, []),
    ],
)
def test_batches_share_the_threads(at_once: int, n_batches: int, expected: list[int]) -> None:
    mine = threading.current_thread().name
    names, shares = _where(at_once, n_batches)
    assert shares == expected
    assert [name == mine for name in names] == [share == 4 for share in expected]


def test_batches_are_predicted_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=60)
    answers = predict_at_once(lambda batch: (batch, meeting.wait())[0] if batch < 4 else batch, range(5), 2)
    assert answers == [0, 1, 2, 3, 4]


def _fail(batch: int) -> int:
    if batch == 1:
        raise KeyError(batch)
    return batch


def test_other_threads_keep_theirs() -> None:
    counts: list[int] = []
    for predict in (lambda batch: batch, _fail):
        try:
            predict_at_once(predict, range(5), 4)
        except KeyError:
            counts.append(-1)
        later = threading.Thread(target=lambda: counts.append(torch.get_num_threads()))
        later.start()
        later.join()
        counts.append(torch.get_num_threads())
    assert counts == [4, 4, -1, 4, 4]


def test_nobody_waits_for_threads_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def start_two(thread: threading.Thread) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        predict_at_once(lambda batch: batch, range(9), 4)
    assert len(started) == 2
    for thread in started:
        thread.join(60)
    assert not any(thread.is_alive() for thread in started)
    assert torch.get_num_threads() == 4


@pytest.mark.parametrize("pipe", PIPES)
def test_as_many_as_the_budget_and_the_threads_allow(pipe: str, tmp_path: Path) -> None:
    model: Any = make(pipe, save(pipe, tmp_path)).get_pipe(pipe).model
    assert [batches_at_once(model, budget) for budget in (1, 2047, 2048, 4096, 9999)] == [1, 1, 2, 4, 4]
    torch.set_num_threads(6)
    assert [batches_at_once(model, budget) for budget in (2048, 4096, 9999)] == [2, 3, 6]
    torch.set_num_threads(1)
    assert batches_at_once(model, 4096) == 1


def test_no_threads_of_their_own_where_torch_has_a_pool(tmp_path: Path, monkeypatch: Any) -> None:
    model: Any = make("luke_qa", save("luke_qa", tmp_path)).get_pipe("luke_qa").model
    monkeypatch.setattr(torch.backends.openmp, "is_available", lambda: False)
    assert batches_at_once(model, 4096) == 1


@pytest.mark.parametrize("pipe", PIPES)
def test_pipes_say_the_same_whatever_is_read_at_once(pipe: str, tmp_path: Path, monkeypatch: Any) -> None:
    nlp = make(pipe, save(pipe, tmp_path))
    component: Any = nlp.get_pipe(pipe)
    component.max_batch_pieces = 32
    texts = ["Ana was born in Rome .", "Bob likes tea .", "Lea .", "Tea , tea and tea ."] * 6
    seen = _watch(monkeypatch)

    def read() -> list[Any]:
        seen.clear()
        return [said(doc) for doc in nlp.pipe([ask(nlp, pipe, text) for text in texts])]

    expected = read()
    assert seen == {threading.current_thread().name}
    monkeypatch.setattr(threads, "LEAST_PIECES", 8)
    assert read() == expected
    assert len(seen) > 1 or pipe == "luke_linker"  # its answers may be as wide as the entity table


def test_luke_says_the_same_whatever_is_read_at_once(checkpoint: str, monkeypatch: Any) -> None:
    nlp = spacy.blank("en")
    luke: Any = nlp.add_pipe("luke", config={"model": {"checkpoint": checkpoint}, "max_batch_pieces": 64})
    long = "Ana of Rome likes Bob . " * 12  # more than a share, and more than all of a batch
    texts = [long * 8, *["Ana was born in Rome .", "Bob likes tea .", long, "Tea , tea and tea ."] * 4]
    seen = _watch(monkeypatch)

    def read() -> list[Any]:
        seen.clear()
        docs = list(nlp.pipe(texts))
        assert any(doc._.luke_facts for doc in docs)
        return [
            [(ent.text, ent.start) for ent in doc.ents] + [fact[:3] for fact in doc._.luke_facts]
            for doc in docs
        ]

    expected = read()
    assert seen == {threading.current_thread().name}
    monkeypatch.setattr(threads, "LEAST_PIECES", 16)
    assert batches_at_once(luke.model, 64) == 4
    assert read() == expected
    assert len(seen) > 1


def _watch(monkeypatch: Any) -> set[str]:
    """The names of the threads that predict from now on."""
    seen: set[str] = set()
    predict: Callable[[Any], Any] = LukeShim.predict

    def watched(shim: LukeShim, inputs: Any) -> Any:
        seen.add(threading.current_thread().name)
        return predict(shim, inputs)

    monkeypatch.setattr(LukeShim, "predict", watched)
    return seen


FORK = """
import os, sys, threading
sys.path.insert(0, sys.argv[2])
import torch
from tiny import TEXTS, make_pipeline, summary
torch.set_num_threads(4)
nlp = make_pipeline(sys.argv[1])
alone = [summary(doc)["ents"] for doc in nlp.pipe(TEXTS * 2)]
torch.randn(1500, 1500) @ torch.randn(1500, 1500)
torch.randn(4_000_000).sum()

def work(expected, code):
    right = torch.get_num_threads() == expected
    torch.randn(1500, 1500) @ torch.randn(1500, 1500)
    torch.randn(4_000_000).sum()
    right &= [summary(doc)["ents"] for doc in nlp.pipe(TEXTS * 2)] == alone
    code.append(0 if right else 1)

child = os.fork()
if child == 0:
    codes = []
    work(1, codes)
    thread = threading.Thread(target=work, args=(4, codes))
    thread.start()
    thread.join()
    work(1, codes)
    os._exit(sum(codes) if len(codes) == 3 else 9)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.skipif(not torch.backends.openmp.is_available(), reason="torch has a pool of its own")
def test_after_a_fork_new_threads_have_as_many_as_before(checkpoint: str, tmp_path: Path) -> None:
    """The one that goes on has one: it would wait for threads that are the parent's."""
    script = tmp_path / "script.py"
    script.write_text(FORK)
    done = subprocess.run(
        [sys.executable, str(script), checkpoint, str(Path(__file__).parents[1])],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "0"
