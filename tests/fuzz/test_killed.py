"""Killed at any moment while saving, a folder holds all that it held before or all that was to be saved."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from saved_docs import SAVED, ask, said

import spacy_luke

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.truncate"}


def kill_at(moment: int, truncate: bool) -> None:
    """Kill this process at its n-th change of the file system, or right after a file was emptied there."""
    left = moment

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if not (writes or event in CHANGES):
            return
        left -= 1
        if left:
            return
        if truncate and writes and isinstance(arguments[0], str) and Path(arguments[0]).is_file():
            left = -1
            os.truncate(arguments[0], 0)
        os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def save_killed(save: Callable[[], Any], moment: int, truncate: bool) -> bool:
    """Save in a process of its own. RETURNS (bool): Whether it was killed before it was done."""
    child = os.fork()
    if not child:
        try:
            kill_at(moment, truncate)
            save()
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def check(folder: Path, prepare: Callable[[], Any], save: Callable[[], Any], read: Callable[[], Any]) -> int:
    """Kill at each moment, and compare what is read then. RETURNS (int): How many moments there are."""
    prepare()
    old = read()
    save()
    new = read()
    assert old != new
    moment, found = 0, []
    for truncate in (False, True):
        killed, moment = True, 0
        while killed:
            moment += 1
            prepare()
            killed = save_killed(save, moment, truncate)
            found.append(read())
            assert found[-1] in (old, new), f"half after {moment} changes"
    assert found[0] == old
    assert found[-1] == new
    save()
    assert read() == new
    assert not list(folder.rglob(".*"))  # nothing is left over
    return moment


def answers(folder: Path, name: str) -> Any:
    data = json.loads((SAVED / f"{name}.json").read_text("utf8"))
    nlp = spacy.load(folder)
    return [said(doc) for doc in nlp.pipe([ask(nlp, asked) for asked in data["asked"][:2]])]


@pytest.mark.parametrize("name", ["luke", "luke_textcat"])
@pytest.mark.slow
def test_pipes(name: str, tmp_path: Path) -> None:
    nlp = spacy.load(SAVED / name)
    nlp.to_disk(tmp_path)
    pipe = nlp.get_pipe(name)
    pipe.to_bytes()  # loads the weights
    changed = spacy.load(SAVED / name).get_pipe(name)
    changed.network.change(lambda module: [p.data.mul_(-0.7) for p in module.parameters()])
    changed.cfg["complete"] = True
    folder = tmp_path / name
    save = changed.to_disk
    assert (
        check(folder, lambda: pipe.to_disk(folder), lambda: save(folder), lambda: answers(tmp_path, name)) > 9
    )


@pytest.mark.parametrize("there", [True, False])
def test_checkpoints(there: bool, tmp_path: Path) -> None:
    """A model over another one of another size, beside files of others; or where nothing was."""
    old = spacy_luke.LukeForSequenceClassification.from_pretrained(SAVED / "head_sequence")
    sizes = {
        **old.config.to_dict(),
        "hidden_size": 24,
        "num_attention_heads": 3,
        "id2label": {0: "a"},
        "label2id": {"a": 0},
    }
    torch.manual_seed(0)
    new = spacy_luke.LukeForSequenceClassification(spacy_luke.LukeConfig.from_dict(sizes))
    folder = tmp_path / "model"

    def prepare() -> None:
        if there:
            old.save_pretrained(folder)
            (folder / "notes.txt").write_text("mine")
        else:
            shutil.rmtree(folder, ignore_errors=True)

    def read() -> Any:
        try:
            model = spacy_luke.LukeForSequenceClassification.from_pretrained(folder)
        except ValueError:
            assert not there
            return None
        assert not there or (folder / "notes.txt").read_text() == "mine"
        return {name: weight.tolist() for name, weight in model.state_dict().items()}

    assert check(tmp_path, prepare, lambda: new.save_pretrained(folder), read) > 5


def test_tokenizers(tmp_path: Path) -> None:
    old = spacy_luke.LukeTokenizer.from_pretrained(SAVED / "head_pairs")
    files = [str(SAVED / "head_pairs" / name) for name in ("vocab.json", "merges.txt")]
    new = spacy_luke.LukeTokenizer(*files, {**old.entity_vocab, "Kyiv": 99})
    new.add_tokens(["<new>"])

    def read() -> Any:
        tokenizer = spacy_luke.LukeTokenizer.from_pretrained(tmp_path)
        return tokenizer("Ana <new>")["input_ids"], tokenizer.entity_vocab.to_dict()

    save = lambda tokenizer: tokenizer.save_pretrained(tmp_path)  # noqa: E731
    assert check(tmp_path, lambda: save(old), lambda: save(new), read) > 9
