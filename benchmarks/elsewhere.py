"""A measurement in a process of its own, and the memory that a process holds (Linux)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PROCESS = Path("/proc/self")


def run_elsewhere(
    args: Sequence[str], *, env: Mapping[str, str] | None = None, python: str = sys.executable
) -> dict[str, Any]:
    """Run Python in a process of its own.

    args (Sequence[str]): Its arguments. What it prints last has to be a JSON object.
    env (Mapping[str, str] | None): Variables beside those of this process.
    python (str): The interpreter.
    RETURNS (dict[str, Any]): The object.
    RAISES (RuntimeError): If the process fails.
    """
    done = subprocess.run(
        [python, *args],
        env={**os.environ, **(env or {})},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{python} {' '.join(args)} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def resident() -> float:
    """RETURNS (float): Megabytes that the process holds in memory now, mapped files among them."""
    return _status("VmRSS")


def peak() -> float:
    """RETURNS (float): The most megabytes that it has held since it began, or since `forget_peak`."""
    return _status("VmHWM")


def forget_peak() -> None:
    """Count the peak from now on."""
    (_PROCESS / "clear_refs").write_text("5")


def _status(field: str) -> float:
    found = re.search(rf"^{field}:\s+(\d+) kB", (_PROCESS / "status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else float("nan")
