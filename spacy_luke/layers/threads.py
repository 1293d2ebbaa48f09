"""Batches that are predicted at the same time, each on a share of torch's threads.

Threads that share every product of a batch wait for each other hundreds of times, and all but one of them idle while
Python goes on to the next. With a batch of its own each goes on alone:

    sharing a batch  |##.##.#.##.###|     batches of their own  |##########|
                     |##.##...##.##.|                           |##########|

Forked processes, as `nlp.pipe(n_process=2)` makes them, have one thread each. They inherit OpenMP's state but not its
threads: a child of a parent that has run torch's would wait for them for ever. That holds for the thread that goes on
in the child. Python threads that it starts have no such state, and each may use as many as in the parent.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Thread
from typing import Any, TypeVar

import torch
from thinc.api import Model

from .weights import get_module

BatchT = TypeVar("BatchT")
AnswerT = TypeVar("AnswerT")

LEAST_PIECES = 1024  # of a batch; smaller ones leave products of matrices small


def _limit_forked() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # for this thread, but also for any that begins after it
    if before > 1 and torch.backends.openmp.is_available():  # type: ignore[no-untyped-call]
        with suppress(RuntimeError):  # a process that may have no threads
            restoring = Thread(target=torch.set_num_threads, args=(before,))
            restoring.start()
            restoring.join()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_limit_forked)


class Runner:
    """Predicts batches and keeps their order.

    model (Model): A model of ours.
    predict (Callable): What it says of a batch.
    budget (int): Most tokens that are read at the same time, padding included.
    """

    def __init__(self, model: Model[Any, Any], predict: Callable[[Any], Any], budget: int) -> None:
        self._predict = predict
        self._at_once = batches_at_once(model, budget)
        self.budget = budget // self._at_once  # tokens of one batch

    def __call__(self, batches: Sequence[Any]) -> list[Any]:
        """batches (Sequence): What the model takes. RETURNS (list): What it says of each."""
        return self.each(self._predict, batches)

    def each(self, work: Callable[[BatchT], AnswerT], jobs: Sequence[BatchT]) -> list[AnswerT]:
        """work (Callable): What to do with each job, in threads. jobs (Sequence): About as large as a batch each.
        RETURNS (list): What came out, in order."""
        return predict_at_once(work, jobs, self._at_once)


def batches_at_once(model: Model[Any, Any], budget: int) -> int:
    """How many batches to predict at the same time: one on other devices than a processor.

    model (Model): The model.
    budget (int): Most tokens of all of them together, padding included.
    RETURNS (int): The number, which divides that of torch's threads.
    """
    n_threads = torch.get_num_threads()
    # With OpenMP a number of threads is set for the thread that asks, with torch's own pool for all.
    openmp = torch.backends.openmp.is_available()  # type: ignore[no-untyped-call]
    if get_module(model).device.type != "cpu" or not openmp:
        return 1
    most = min(n_threads, budget // LEAST_PIECES)
    return max((n for n in range(1, most + 1) if n_threads % n == 0), default=1)


def predict_at_once(
    predict: Callable[[BatchT], AnswerT], batches: Sequence[BatchT], at_once: int
) -> list[AnswerT]:
    """Predict batches, some at the same time; those that are left over, one after the other on all threads.

    predict (Callable): What to do with each batch; called in other threads.
    batches (Sequence): The batches, all but the last one of about equal size.
    at_once (int): From `batches_at_once`.
    RETURNS (list): The answers, in the order of the batches.
    """
    full = max(len(batches) - 1, 0)
    even = full - full % at_once
    if at_once == 1 or not even:
        return [predict(batch) for batch in batches]
    n_threads = torch.get_num_threads()
    ready = Barrier(at_once + 1)

    def start() -> None:
        torch.get_num_threads()  # a thread's first question makes torch set a number, which would undo the next line
        torch.set_num_threads(n_threads // at_once)  # for this thread, but also for any that begins after it
        ready.wait()

    # Made anew each time, which costs little: a pool that stays would have no threads in a forked process.
    with ThreadPoolExecutor(at_once, "luke", start) as pool:
        try:
            answers = pool.map(predict, batches[:even])
            ready.wait()
        except BaseException:
            ready.abort()  # no thread may wait for one that could not start
            raise
        finally:
            torch.set_num_threads(n_threads)
        return [*answers, *map(predict, batches[even:])]
