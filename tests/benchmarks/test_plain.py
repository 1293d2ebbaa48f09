from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from benchmarks import plain

ROOT = Path(__file__).parents[2]


def test_all_batches(
    tmp_path: Path, tiny: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(plain, "BATCHES", ((1, 16), (4, 30)))
    plain.main(["--rounds=2", f"--out={tmp_path / 'new' / 'plain.json'}", *tiny])
    assert "4x30, 2 entities each" in capsys.readouterr().out
    data = json.loads((tmp_path / "new" / "plain.json").read_text(encoding="utf8"))
    assert [work["name"] for work in data["works"]] == [
        *("1x16", "4x30"),
        *("1x16, 2 entities each", "4x30, 2 entities each"),
    ]
    assert all(work["difference"] < 1e-5 and work["ratio"] > 0 for work in data["works"])
    assert data["least"] == min(work["ratio"] for work in data["works"])


def test_without_a_gpu_the_script_says_so(tmp_path: Path) -> None:
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", str(ROOT / "benchmarks" / "gpu.sh"), str(tmp_path / "out")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no Nvidia GPU" in done.stdout
