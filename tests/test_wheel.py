"""What who installs the package gets: the configs to train with, from any folder, and nothing of how it is made."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFIGS = {path.stem: path.read_text(encoding="utf8") for path in (ROOT / "configs").glob("*.cfg")}


def python(*arguments: str, folder: Path, path: Path | None = None) -> str:
    """Run a fresh Python in a folder, with another one first on the path; returns what it prints."""
    env = os.environ if path is None else {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=env, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr.decode("utf8", "replace")
    return done.stdout.decode("utf8").replace("\r\n", "\n")


def test_a_config_is_printed_as_it_is_in_an_empty_folder(tmp_path: Path):
    assert (
        python("-m", "spacy", "luke", "config", "luke_relations", folder=tmp_path)
        == CONFIGS["luke_relations"]
    )
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel without the weights, unpacked."""
    if not (ROOT / "spacy_luke").is_dir():
        pytest.skip("what is tested here is an installed package, its sources are not here")
    for name in (
        "pip",
        "setuptools",
    ):  # not imported: setuptools refuses to be, after the standard library's distutils
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} isn't installed")
    folder = tmp_path_factory.mktemp("wheel")
    without = shutil.ignore_patterns("*.safetensors", "__pycache__")
    for name in ("spacy_luke", "configs", "scripts", "benchmarks"):
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=without)
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, folder / "source")
    options = ("--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--wheel-dir", str(folder))
    python("-m", "pip", "wheel", *options, str(folder / "source"), folder=folder)
    (file,) = folder.glob("*.whl")
    zipfile.ZipFile(file).extractall(folder / "unpacked")
    return folder / "unpacked"


def test_a_wheel_has_the_configs_once_and_nothing_that_made_the_model(wheel: Path):
    assert {path.name for path in wheel.iterdir() if path.suffix != ".dist-info"} == {"spacy_luke"}
    files = [path.relative_to(wheel / "spacy_luke") for path in wheel.rglob("*.cfg")]
    assert sorted(files) == sorted(Path("configs", f"{name}.cfg") for name in CONFIGS)
    made_by = [path.read_bytes() for path in (ROOT / "scripts").rglob("*.py")]
    assert len(made_by) > 10
    assert not {path for path in wheel.rglob("*.py") if path.read_bytes() in made_by and path.stat().st_size}


def test_a_wheel_tells_its_configs(wheel: Path, tmp_path: Path):
    place = python("-c", "import spacy_luke; print(spacy_luke.__file__)", folder=tmp_path, path=wheel)
    assert Path(place.strip()).is_relative_to(wheel)
    told = python("-m", "spacy", "luke", "config", "--list", folder=tmp_path, path=wheel)
    assert {line.split()[0] for line in told.splitlines() if line.strip()} == set(CONFIGS)
    for text in CONFIGS.values():
        assert text.splitlines()[0].removeprefix("# ") in told
    assert python("-m", "spacy", "luke", "config", "luke", folder=tmp_path, path=wheel) == CONFIGS["luke"]
