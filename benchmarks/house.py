"""How large the house is, and how far a document walks through it.

`python -m benchmarks.house [FOLDER]` counts the package's files, lines, functions and habits. With `--walk` it also
follows one document of twelve tokens through the default model: calls, different functions and files of ours.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

import spacy_luke

PACKAGE = Path(spacy_luke.__file__).parent
TEXT = "Marie Curie was born in Warsaw and married Pierre Curie there ."  # twelve tokens

Function = ast.FunctionDef | ast.AsyncFunctionDef


def count(folder: Path) -> dict[str, Any]:
    """Count what lies in a folder.

    folder (Path): The folder; `errors/`, which is prose, is left out.
    RETURNS (dict[str, Any]): The figures by name.
    """
    paths = [path for path in sorted(folder.rglob("*.py")) if "errors" not in path.relative_to(folder).parts]
    texts = {path: path.read_text(encoding="utf8") for path in paths}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    lengths = [
        (node.end_lineno or 0) - node.lineno + 1 for tree in trees.values() for node in _functions(tree)
    ]
    code = "\n".join(texts.values())
    return {
        "lines": sum(len(text.splitlines()) for text in texts.values()),
        "files": len(paths),
        "longest file": max(len(text.splitlines()) for text in texts.values()),
        "modules at the root": sum(path.parent == folder for path in paths),
        "functions": len(lengths),
        "median function": median(lengths),
        "longest function": max(lengths),
        "public without docstring": sum(len(list(_undocumented(tree))) for tree in trees.values()),
        "Any": sum(_anys(tree) for tree in trees.values()),
        "type: ignore": code.count("# type: ignore"),
        "late imports": sum(len(list(_late_imports(tree))) for tree in trees.values()),
    }


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _undocumented(tree: ast.Module) -> Iterator[str]:
    """Public functions, classes and methods of public classes that have no docstring."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, *Function.__args__)) and not node.name.startswith("_"):
            if ast.get_docstring(node) is None:
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from (
                    f"{node.name}.{inner.name}"
                    for inner in node.body
                    if isinstance(inner, Function)
                    and not inner.name.startswith("_")
                    and ast.get_docstring(inner) is None
                )


def _anys(tree: ast.AST) -> int:
    return sum(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(tree))


def _late_imports(tree: ast.AST) -> Iterator[ast.stmt]:
    for function in _functions(tree):
        yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def walk() -> dict[str, int]:
    """Follow one document through the default model.

    RETURNS (dict[str, int]): Calls of functions of ours, different functions, and files, on one thread.
    """
    nlp = spacy_luke.load()
    nlp(TEXT)  # what is done once is no part of the way
    calls: list[tuple[str, int]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(PACKAGE)):
            calls.append((code.co_filename, code.co_firstlineno))

    sys.setprofile(note)
    try:
        nlp(TEXT)
    finally:
        sys.setprofile(None)
    return {"calls": len(calls), "functions called": len(set(calls)), "files": len({f for f, _ in calls})}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, default=PACKAGE, help="what is counted")
    parser.add_argument("--walk", action="store_true", help="follow a document, too")
    args = parser.parse_args()
    figures = count(args.folder) | ({"way": walk()} if args.walk else {})
    for name, value in figures.items():
        print(f"{name:26} {value}")


if __name__ == "__main__":
    main()
