"""Killed at any moment, a run goes on with the same command and ends as one that was never disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from saved_docs import SAVED
from written import SUFFIXES, make_pipeline, read_documents, read_errors, write_corpus

from spacy_luke.corpora import Settings, annotate

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process of its own")

# In continuous integration, two kills and one format; with --hypothesis-profile=hour, twenty and all.
THOROUGH = settings.default.max_examples > 100
KILLS = 20 if THOROUGH else 2
FORMATS = [(".jsonl", 2), (".parquet", 1), (".spacy", 1)][: 3 if THOROUGH else 1]
NLP = make_pipeline()
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}


def kill_at(moment: int) -> None:
    """Kill this process at its n-th change of the file system."""
    left = moment

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if writes or event in CHANGES:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def run(path: Path, out: Path) -> None:
    for _ in annotate(NLP, [str(path)], out, Settings(part_size=500))[1]:
        pass


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_at_each_change_of_the_file_system(tmp_path: Path, suffix: str) -> None:
    """Each run is killed one change later than the one before it, until there is no change left."""
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path, out, undisturbed = tmp_path / "in.jsonl", tmp_path / f"out{suffix}", tmp_path / f"one{suffix}"
    write_corpus(path, 12)
    with path.open("a") as file:
        file.write("no json\n")
    run(path, undisturbed)
    killed, moment = True, 0
    while killed:
        moment += 1
        child = os.fork()
        if not child:
            try:
                kill_at(moment)
                run(path, out)
                os._exit(0)
            except BaseException:
                os._exit(1)
        status = os.waitpid(child, 0)[1]
        killed = os.WIFSIGNALED(status)
        assert killed or os.WEXITSTATUS(status) == 0
    assert moment > 15
    assert read_documents(out) == read_documents(undisturbed)
    assert read_errors(out) == read_errors(undisturbed)
    assert len(read_documents(out)) == 12
    names = [sorted(p.relative_to(folder) for p in folder.rglob("*")) for folder in (out, undisturbed)]
    assert names[0] == names[1]


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return round(value, 3) if isinstance(value, float) else value


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "n_process"), FORMATS)
def test_the_command_at_random_moments(tmp_path: Path, suffix: str, n_process: int) -> None:
    """SIGKILL to the whole process group. Moments are those of the undisturbed run, from its first part on."""
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path, out, undisturbed = tmp_path / "in.jsonl", tmp_path / f"out{suffix}", tmp_path / f"one{suffix}"
    write_corpus(path, 60 * KILLS)
    command = [sys.executable, "-m", "spacy", "luke", "annotate", str(path)]
    options = ["--model", str(SAVED / "luke"), "--part-size", "1000", "--n-process", str(n_process)]
    begin = time.monotonic()
    subprocess.run([*command, str(undisturbed), *options], check=True, capture_output=True, timeout=600)
    lasts = time.monotonic() - begin
    chance, kills = random.Random(suffix), 0
    while True:
        process = subprocess.Popen(
            [*command, str(out), *options],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(lasts * chance.uniform(0.3, 0.9) if kills < KILLS else 600)
            break
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
    assert process.returncode == 0
    assert kills
    # Documents may have been read in other company, which changes the last digits of scores.
    assert rounded(read_documents(out)) == rounded(read_documents(undisturbed))
    assert len(read_documents(out)) == 60 * KILLS
