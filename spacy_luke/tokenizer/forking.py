"""Quiet forks, as `nlp.pipe(n_process=2)` makes them.

Where `tokenizers` has used several threads, it uses one in a forked process, and says so on the error output of
each. It says nothing if that is asked for, so it is asked for while a process is being forked.
"""

from __future__ import annotations

import os

_VARIABLE = "TOKENIZERS_PARALLELISM"
_asked: list[str] = []


def _ask() -> None:
    if _VARIABLE not in os.environ:
        os.environ[_VARIABLE] = "false"
        _asked.append(_VARIABLE)


def _take_back() -> None:
    while _asked:
        os.environ.pop(_asked.pop(), None)


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    # The child keeps the one thread.
    os.register_at_fork(before=_ask, after_in_parent=_take_back, after_in_child=_asked.clear)
