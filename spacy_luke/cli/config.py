"""The configs that train each pipe, for whoever has installed the package and not its repository."""

from __future__ import annotations

from pathlib import Path

from ..errors import Errors

_PACKAGE = Path(__file__).parent.parent


def read_config(name: str) -> str:
    """Read a training config.

    name (str): Its name, such as "luke_relations".
    RETURNS (str): The file, comments included.
    RAISES (ValueError): If there is none of that name.
    """
    files = _files()
    if name not in files:
        raise ValueError(Errors.L517.format(value=name, allowed=", ".join(files)))
    return files[name].read_text(encoding="utf8")


def list_configs() -> dict[str, str]:
    """RETURNS (dict[str, str]): What each config trains a pipe for, by name: the first line of the file."""
    return {name: read_config(name).partition("\n")[0].lstrip("# ") for name in _files()}


def _files() -> dict[str, Path]:
    """In a wheel the configs lie within the package, in a checkout beside it."""
    folder = _PACKAGE / "configs"
    if not folder.is_dir():
        folder = _PACKAGE.parent / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.cfg"))}
