"""What the tokenizer returns: named lists, arrays or tensors."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import Errors

TensorKind = Literal["np", "pt"] | None


class LukeEncoding(UserDict[str, Any]):
    """A model's inputs by name. `encoding["input_ids"]` and `encoding.input_ids` are the same, and
    `model(**encoding)` takes them all.
    """

    def __getattr__(self, name: str) -> Any:
        if name != "data" and name in self.data:
            return self.data[name]
        raise AttributeError(Errors.L114.format(name=name, names=", ".join(self.__dict__.get("data", ()))))

    def to(self, device: Any, *, non_blocking: bool = False) -> LukeEncoding:
        """Move all tensors to a device, in place.

        device (str | torch.device): The device.
        non_blocking (bool): Whether to copy from pinned memory without waiting.
        RETURNS (LukeEncoding): This very object.
        """
        for name, value in self.data.items():
            if hasattr(value, "to"):
                self.data[name] = value.to(device=device, non_blocking=non_blocking)
        return self


def tensor_kind(value: Any) -> TensorKind:
    """Check `return_tensors`.

    value (Any): The argument: None, "np", "pt", or the member of an enumeration with such a value.
    RETURNS (Literal["np", "pt"] | None): The kind.
    """
    value = getattr(value, "value", value)
    if value is None or value == "np" or value == "pt":
        return value  # type: ignore[no-any-return]
    raise ValueError(Errors.L115.format(value=value))


def batch_encoding(rows: Sequence[Mapping[str, Any]], kind: TensorKind) -> LukeEncoding:
    """Put rows together to a batch.

    rows (Sequence[Mapping[str, Any]]): The fields of each row: arrays, or plain data.
    kind (Literal["np", "pt"] | None): What to return; None for lists.
    RETURNS (LukeEncoding): Each field of all rows.
    """
    names = list(rows[0]) if rows else []
    return LukeEncoding({name: _column(name, [row[name] for row in rows], kind) for name in names})


def single_encoding(row: Mapping[str, Any], kind: TensorKind, *, batch_axis: bool) -> LukeEncoding:
    """Turn one row into what is returned for a single input.

    row (Mapping[str, Any]): Its fields: arrays, or plain data.
    kind (Literal["np", "pt"] | None): What to return; None for lists.
    batch_axis (bool): Whether arrays and tensors are batches of one.
    RETURNS (LukeEncoding): The fields.
    """
    if kind is None:
        return LukeEncoding({name: _plain(value) for name, value in row.items()})
    batch = batch_encoding([row], kind)
    return batch if batch_axis else LukeEncoding({name: value[0] for name, value in batch.items()})


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _column(name: str, values: list[Any], kind: TensorKind) -> Any:
    if kind is None:
        return [_plain(value) for value in values]
    arrays = [np.asarray(value) for value in values]
    ragged = len({array.shape for array in arrays}) > 1
    if kind == "np":
        return _ragged(arrays) if ragged else np.stack(arrays)
    if ragged:
        raise ValueError(Errors.L116.format(name=name, sizes=[len(array) for array in arrays]))
    import torch

    return torch.from_numpy(np.stack(arrays))


def _ragged(arrays: list[Any]) -> Any:
    """An array of arrays, which is what transformers gives for rows of different lengths."""
    ragged = np.empty(len(arrays), dtype=object)
    for i, array in enumerate(arrays):
        ragged[i] = array
    return ragged
