"""Imports point one way, and the light doors stay light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import spacy_luke

PACKAGE = Path(spacy_luke.__file__).parent
# Whoever needs it.
GROUND = {"types", "errors", "about", "annotation", "batch", "files"}
# A hub's name to a folder: it lives with the weights, and tokenizers are downloaded by the same rule.
HUB = "nn.hub"
MAY_IMPORT = {
    "annotation": set(),
    "tokenizer": set(),
    "nn": {"tokenizer"},
    "inputs": {"tokenizer"},
    "layers": {"inputs", "nn", "tokenizer"},
    # What is of layers, nn and tokenizer is for types alone: the network brings it.
    "pipeline": {"layers", "inputs", "tokenizer", "nn", "training"},
    "training": set(),
    "export": set(),
    "corpora": {"export"},
    "rendering": {"training"},
    "cli": {
        *("corpora", "pipeline", "layers", "inputs", "nn", "tokenizer", "training", "rendering"),
    },
}


def imports_of(path: Path) -> list[tuple[str, bool]]:
    """Modules of ours that a file imports, from the package's root, and whether only for types."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    parts = path.relative_to(PACKAGE).parts
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = parts[: len(parts) - node.level]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found += [(".".join((*above, *name.split("."))), id(node) in typing) for name in names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("spacy_luke"):
            found.append((node.module.removeprefix("spacy_luke").lstrip("."), id(node) in typing))
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room: str):
    allowed = MAY_IMPORT[room] | {room} | GROUND
    wrong = [
        (str(path.relative_to(PACKAGE)), module)
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for module, _ in imports_of(path)
        if module.split(".")[0] not in allowed and module != HUB
    ]
    assert wrong == []


def test_inputs_and_pipes_know_the_core_of_the_tokenizer_alone():
    """`tokenizer.published` is for callers: of the room's names they have those that the core defines."""
    surface = {"LukeTokenizer", "MLukeTokenizer", "LukeEncoding"}
    files = [path for room in ("inputs", "pipeline") for path in (PACKAGE / room).rglob("*.py")]
    wrong, names = [], set()
    for path in files:
        wrong += [path.name for module, _ in imports_of(path) if module.startswith("tokenizer.published")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tokenizer":
                names.update(alias.name for alias in node.names)
    assert wrong == []
    assert "BaseTokenizer" in names
    assert not names & surface


def test_the_root_has_few_modules():
    assert len(list(PACKAGE.glob("*.py"))) <= 6


def foreign_imports_of(path: Path) -> set[str]:
    """Packages that a file imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in plain | named}


def test_only_listeners_import_transformers():
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if foreign_imports_of(path) & {"transformers", "spacy_transformers"}
    }
    assert users == {"layers/transformer_data.py"}


def test_the_pipeline_imports_nothing_heavy():
    taken = {
        (path.name, module)
        for path in (PACKAGE / "pipeline").rglob("*.py")
        for module, typing in imports_of(path)
        if module.split(".")[0] in ("nn", "layers", "tokenizer") and not typing
    }
    assert taken <= {("listened.py", "layers")}  # where it is needed: spacy-transformers is an extra


def test_the_package_needs_nothing_that_lies_beside_it():
    beside = re.compile(r"^\s*(?:from|import) (?:scripts|benchmarks|tests)\b", re.MULTILINE)
    files = list(PACKAGE.rglob("*.py"))
    assert files
    assert [path for path in files if beside.search(path.read_text(encoding="utf8"))] == []


def loaded_by(statement: str) -> set[str]:
    """Modules in memory after a statement in a fresh process."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    return set(done.stdout.split())


def inside(modules: set[str], *packages: str) -> set[str]:
    return {m for m in modules if any(m == p or m.startswith(f"{p}.") for p in packages)}


def test_factories_are_light():
    doors = "luke typing relations candidate_spans linker textcat tagger qa choice entity_scorer"
    modules = loaded_by("import " + ", ".join(f"spacy_luke.pipeline.{door}" for door in doors.split()))
    heavy = ("spacy_luke.nn", "spacy_luke.layers", "spacy_luke.tokenizer")
    assert inside(modules, *heavy, "tokenizers", "transformers", "spacy_transformers") == set()


def test_the_package_is_light():
    modules = loaded_by("import spacy_luke; spacy_luke.Relation")
    assert inside(modules, "torch", "spacy", "thinc", "tokenizers", "transformers") == set()


def test_the_command_line_registers_without_weight():
    modules = loaded_by("import spacy.cli, spacy_luke.cli")
    assert inside(modules, "spacy_luke.nn.model", "spacy_luke.layers", "spacy_luke.pipeline") == set()


@pytest.mark.parametrize("door", ["spacy_luke.nn.heads, spacy_luke.nn.model", "spacy_luke.tokenizer"])
def test_torch_side_runs_without_spacy(door: str):
    assert inside(loaded_by(f"import {door}"), "spacy", "thinc", "transformers") == set()


def test_the_tokenizer_runs_without_torch():
    assert inside(loaded_by("import spacy_luke.tokenizer"), "torch") == set()


def test_inputs_run_without_torch():
    doors = "spacy_luke.batch, spacy_luke.inputs.batch, spacy_luke.inputs.mentions"
    code = f"import sys; sys.modules['torch'] = None\nimport {doors}"
    assert "spacy_luke.inputs.batch" in loaded_by(code)


def test_public_names_exist():
    for name in spacy_luke.__all__:
        assert getattr(spacy_luke, name) is not None
    assert set(spacy_luke.__all__) <= set(dir(spacy_luke))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        spacy_luke.nothing  # noqa: B018
