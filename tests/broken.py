"""Ways to break a checkpoint or a saved pipeline, and what it means to take that well."""

from __future__ import annotations

import json
import os
import pickle
import re
import string
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from spacy_luke.errors import Errors

resource = pytest.importorskip("resource")  # limits of a process; Windows has none

Draw = Callable[[st.SearchStrategy[Any]], Any]
Told = tuple[str, bool]  # what was done, and whether what is broken so mustn't be read

SIZE = Path("/proc/self/statm")
LONGEST = 5.0  # seconds for a tiny model, of which loading a whole one takes a tenth
MOST = 1 << 30  # bytes of memory beside what the process has

# Values of configurations that are of the wrong type, out of range, or too large for any machine.
HOSTILE: list[Any] = [
    *(None, True, "", "x", [], {}, [[]], {"a": {}}, ["x", 1], 0.5),
    *(0, 1, -1, -(10**9), 10**6, 2**31, 2**63, 10**12, 10**30, 1e300, float("inf"), float("nan")),
]
GARBAGE = [
    b"",
    b"\0" * 64,
    b"null",
    b"[]",
    b"{}",
    b"3",
    b'"x"',
    b"\xff\xfe{}",
    b"[" * 100_000,
    b'{"a": 1',
    b"\x80\x04.",
]


class Bomb:
    """Its pickle makes a file when it is loaded."""

    def __init__(self, flag: Path) -> None:
        self.flag = flag

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.flag}",)


def flip(draw: Draw, folder: Path, flag: Path) -> Told:
    """Turn over a few bits of a file."""
    path = draw(st.sampled_from(files(folder)))
    path.write_bytes(flip_bytes(draw, path.read_bytes()))
    return f"bits of {path.name}", False


def flip_bytes(draw: Draw, data: bytes) -> bytes:
    """RETURNS (bytes): A copy with a few bits turned over, most of them at the beginning, where headers are."""
    changed = bytearray(data)
    if changed:
        size = min(len(data), 2000 if draw(st.booleans()) else len(data))
        # Drawn from one range whatever the size, since a pickle of the same tensors isn't always of the same size.
        for place in draw(st.lists(st.integers(0, 1 << 24), min_size=1, max_size=8)):
            changed[place // 8 % size] ^= 1 << place % 8
    return bytes(changed)


def cut(draw: Draw, folder: Path, flag: Path) -> Told:
    """Cut off the end of a file."""
    path = draw(st.sampled_from(files(folder)))
    data = path.read_bytes()
    path.write_bytes(data[: draw(st.integers(0, max(len(data) - 1, 0)))])
    return f"the end of {path.name}", False


def remove(draw: Draw, folder: Path, flag: Path) -> Told:
    """Remove a file."""
    path = draw(st.sampled_from(files(folder)))
    path.unlink()
    return f"{path.name} is gone", False


def replace(draw: Draw, folder: Path, flag: Path) -> Told:
    """Put something else in a file's place, or a folder."""
    path, other = (
        draw(st.sampled_from(files(folder))),
        draw(st.sampled_from([*GARBAGE, None, *files(folder)])),
    )
    data = other.read_bytes() if isinstance(other, Path) else other
    path.unlink()
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)
    return f"{path.name} is {data if data is None else data[:20]!r}", False


def change_json(draw: Draw, folder: Path, flag: Path) -> Told:
    """Put a hostile value somewhere into a JSON file, or take one away."""
    path = draw(
        st.sampled_from([path for path in files(folder) if path.suffix in (".json", "") and is_json(path)])
    )
    data = json.loads(path.read_text("utf8"))
    place, at = data, []
    while isinstance(place, (dict, list)) and place:
        at.append(draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place)))))
        if not isinstance(place[at[-1]], (dict, list)) or draw(st.integers(0, 3)) == 0:
            break
        place = place[at[-1]]
    value = draw(st.sampled_from([*HOSTILE, "away"]))
    if not at:
        data = value
    elif value == "away":
        del place[at[-1]]
    else:
        place[at[-1]] = value
    path.write_text(json.dumps(data), "utf8")
    return f"{path.name}: {at} is {value!r}", False


def change_tensors(draw: Draw, folder: Path, flag: Path) -> Told:
    """Other shapes, types, names or numbers of tensors, in a file that is a good one."""
    path = weights_of(folder)
    tensors = load_file(path)
    name = draw(st.sampled_from(sorted(tensors)))
    tensor = tensors[name]
    kind = draw(
        st.sampled_from(["away", "renamed", "longer", "flat", "scalar", "empty", "integers", "nan", "added"])
    )
    changed = {
        "longer": lambda: torch.cat([tensor, tensor]),
        "flat": lambda: tensor.flatten(),
        "scalar": lambda: torch.zeros(()),
        "empty": lambda: tensor[:0],
        "integers": lambda: tensor.to(torch.int64),
        "nan": lambda: torch.full_like(tensor, float("nan")),
    }
    if kind in changed:
        tensors[name] = changed[kind]().contiguous()
    elif kind == "added":
        tensors["luke.extra"] = torch.zeros(2)
    else:
        del tensors[name]
        if kind == "renamed":
            tensors[f"{name}x"] = tensor
    save_file(tensors, path, metadata={"format": "pt"})
    return f"{name}: {kind}", False


def change_header(draw: Draw, folder: Path, flag: Path) -> Told:
    """Lie in the header of a safetensors file."""
    path = weights_of(folder)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    entry = header[draw(st.sampled_from(sorted(set(header) - {"__metadata__"})))]
    field = draw(st.sampled_from(["shape", "dtype", "data_offsets"]))
    values = {
        "shape": [[10**12], [2**40, 2**40], [-1], [0], [], None, "x", [1.5], [[1]]],
        "dtype": ["F64", "F16", "I8", "U64", "F8_E4M3", "X", None, 3],
        "data_offsets": [[0, 10**12], [10**12, 0], [-8, 0], [0], None, [0, 4], ["a", "b"], [2**64, 2**64]],
    }
    entry[field] = draw(st.sampled_from(values[field]))
    text = json.dumps(header).encode()
    length = draw(st.sampled_from([len(text), len(text), len(text), 2**62, 10**9, 0]))
    path.write_bytes(length.to_bytes(8, "little") + text + data[8 + size :])
    return f"header: {field} {entry[field]}, length {length}", False


def pickled(draw: Draw, folder: Path, flag: Path) -> Told:
    """A pickle in the place of the weights, which runs code or is a broken one."""
    weights = weights_of(folder)
    tensors = load_file(weights)
    weights.unlink()
    path = weights.with_name("pytorch_model.bin")
    kind = draw(
        st.sampled_from(
            ["bomb", "bomb in torch", "bomb among tensors", "list", "broken", "old", "huge", "module"]
        )
    )
    if kind == "bomb":
        path.write_bytes(pickle.dumps(Bomb(flag)))
    elif kind == "huge":  # a tensor of an exabyte without data, and a compressed one of zeros
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02" + b"]" * 1000 + b".")
            archive.writestr("archive/data/0", bytes(1 << 26))
    else:
        content: Any = {
            "bomb in torch": Bomb(flag),
            "bomb among tensors": {**tensors, "x": Bomb(flag)},
            "list": list(tensors.values()),
            "broken": tensors,
            "old": tensors,
            "module": torch.nn.Linear(2, 2),
        }[kind]
        torch.save(content, path, _use_new_zipfile_serialization=kind != "old")
        if kind in ("broken", "old"):
            path.write_bytes(flip_bytes(draw, path.read_bytes()))
    return f"pickle: {kind}", kind not in ("broken", "old")


def index(draw: Draw, folder: Path, flag: Path) -> Told:
    """An index of shards that leads out of the folder, or to files that aren't there."""
    weights = weights_of(folder)
    names = sorted(load_file(weights))
    shard = weights.rename(weights.with_name("model-00001-of-00001.safetensors"))
    outside = folder.parent / "outside.safetensors"
    outside.write_bytes(shard.read_bytes())
    wrong = draw(
        st.sampled_from(
            [
                *["../outside.safetensors", str(outside)] * 3,
                *("/etc/passwd", "..", ".", "", "a\0b", "x" * 5000),
                *("none.safetensors", "..\\outside.safetensors", "config.json", "~", "/dev/zero", shard.name),
                *(None, 3, [], {}),
            ]
        )
    )
    every = draw(st.booleans())
    places = {name: wrong if every or i == 0 else shard.name for i, name in enumerate(names)}
    if draw(st.integers(0, 3)) == 0:
        places["luke.nowhere"] = shard.name
    content = draw(
        st.sampled_from([{"weight_map": places}] * 6 + [{"weight_map": names}, {}, places, [places]])
    )
    weights.with_name("model.safetensors.index.json").write_text(json.dumps(content), "utf8")
    return f"index: {str(wrong)[:50]!r}", wrong != shard.name


DAMAGES = [
    flip,
    cut,
    remove,
    replace,
    change_json,
    change_json,
    change_tensors,
    change_header,
    pickled,
    index,
]


def files(folder: Path) -> list[Path]:
    """RETURNS (list[Path]): All files of a folder and below, or the file itself."""
    return [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())


def weights_of(folder: Path) -> Path:
    """RETURNS (Path): The file of the weights."""
    (path,) = folder.rglob("model.safetensors")
    return path


def is_json(path: Path) -> bool:
    """RETURNS (bool): Whether a file is JSON."""
    try:
        json.loads(path.read_text("utf8"))
    except ValueError:
        return False
    return True


def _pattern(template: str) -> str:
    parts = string.Formatter().parse(template)
    return "".join(re.escape(text) + (".*" if field is not None else "") for text, field, _, _ in parts)


_CATALOGUE = re.compile(
    "|".join(_pattern(getattr(Errors, name)) for name in dir(Errors) if re.fullmatch(r"L\d{3}", name)),
    re.DOTALL,
)


def is_ours(error: BaseException) -> bool:
    """RETURNS (bool): Whether an error is of the catalogue."""
    return isinstance(error, (ValueError, TypeError, OSError)) and bool(_CATALOGUE.fullmatch(str(error)))


@contextmanager
def bounded() -> Iterator[None]:
    """Little memory to be had, and little time to be taken."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    begun = process_time()
    if SIZE.exists():
        used = int(SIZE.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        assert process_time() - begun < LONGEST
