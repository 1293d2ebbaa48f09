"""A forked process is quiet about threads, and the parent keeps its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
CODE = """
import os, sys
{first}
from tokenizers import Tokenizer, models, pre_tokenizers
tokenizer = Tokenizer(models.WordLevel({{"a": 0}}, unk_token="a"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
texts = ["a a"] * 1000
tokenizer.encode_batch(texts)
name = "TOKENIZERS_PARALLELISM"
before = os.environ.get(name)
if (child := os.fork()) == 0:
    tokenizer.encode_batch(texts)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert os.environ.get(name) == before
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(("first", "quiet"), [("import spacy_luke.tokenizer", True), ("", False)])
def test_forked_processes(first: str, quiet: bool) -> None:
    env = {**os.environ, "PYTHONPATH": ROOT, "RAYON_NUM_THREADS": "2"}
    env.pop("TOKENIZERS_PARALLELISM", None)
    command = [sys.executable, "-W", "ignore", "-c", CODE.format(first=first)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    if not quiet and "forked" not in done.stderr:
        pytest.skip("this release of tokenizers is quiet by itself")
    assert ("forked" not in done.stderr) is quiet
