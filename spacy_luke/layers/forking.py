"""Prediction in forked processes, as `nlp.pipe(n_process=2)` makes them.

A child inherits the parent's OpenMP state but not its threads. If the parent has run a torch forward before, the
child waits for them for ever. With one thread it never asks for them; n_process is what uses the other cores.
"""

from __future__ import annotations

import os

import torch


def _use_one_thread() -> None:
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_use_one_thread)
