"""What the tokenizer returns: named lists, arrays or tensors."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ...errors import Errors

TensorKind = Literal["np", "pt"] | None


class LukeEncoding(UserDict[str, Any]):
    """A model's inputs by name. `encoding["input_ids"]` and `encoding.input_ids` are the same, and
    `model(**encoding)` takes them all.
    """

    # "sequence_ids" and "word_ids" of each row, where they were asked for; no inputs of a model.
    places: dict[str, list[list[int]]]

    def __getattr__(self, name: str) -> Any:
        if name != "data" and name in self.data:
            return self.data[name]
        raise AttributeError(Errors.L114.format(name=name, names=", ".join(self.__dict__.get("data", ()))))

    def placed(self, places: dict[str, list[list[int]]]) -> LukeEncoding:
        """places (dict[str, list[list[int]]]): What `take_places` took. RETURNS (LukeEncoding): This very object."""
        self.places = places
        return self

    def sequence_ids(self, batch_index: int = 0) -> list[int | None]:
        """The text that each word piece is a part of; needs `return_offsets_mapping` or `is_split_into_words`.

        batch_index (int): The place of the input in the batch.
        RETURNS (list[int | None]): 0 for the first text, 1 for the second, None for special tokens around them,
            markers and padding.
        """
        return self._places("sequence_ids", batch_index, "return_offsets_mapping=True")

    def word_ids(self, batch_index: int = 0) -> list[int | None]:
        """The word that each word piece is a part of; needs `is_split_into_words`.

        batch_index (int): The place of the input in the batch.
        RETURNS (list[int | None]): Places in the list of words, None where `sequence_ids` has it.
        """
        return self._places("word_ids", batch_index, "is_split_into_words=True")

    def _places(self, name: str, batch_index: int, option: str) -> list[int | None]:
        rows = self.__dict__.get("places", {}).get(name)
        if rows is None:
            raise ValueError(Errors.L132.format(name=name, option=option))
        return [None if place < 0 else place for place in rows[batch_index]]

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


def take_places(rows: Sequence[dict[str, Any]], with_offsets: bool) -> dict[str, list[list[int]]]:
    """Take out of rows what isn't for models.

    rows (Sequence[dict[str, Any]]): The fields of each row; they change.
    with_offsets (bool): Whether `offset_mapping` stays in them.
    RETURNS (dict[str, list[list[int]]]): `sequence_ids` and `word_ids` of each row, if they have them.
    """
    names = [name for name in ("sequence_ids", "word_ids") if rows and name in rows[0]]
    places: dict[str, list[list[int]]] = {name: [row.pop(name).tolist() for row in rows] for name in names}
    if not with_offsets:
        for row in rows:
            row.pop("offset_mapping", None)
    return places


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
        return LukeEncoding({name: _plain(name, value) for name, value in row.items()})
    batch = batch_encoding([row], kind)
    return batch if batch_axis else LukeEncoding({name: value[0] for name, value in batch.items()})


def _plain(name: str, value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    plain = value.tolist()
    return list(map(tuple, plain)) if name == "offset_mapping" else plain


def _column(name: str, values: list[Any], kind: TensorKind) -> Any:
    if kind is None:
        return [_plain(name, value) for value in values]
    arrays = [np.asarray(value) for value in values]
    ragged = len({array.shape for array in arrays}) > 1
    if kind == "np":
        return _ragged(arrays) if ragged else np.stack(arrays)
    if ragged:
        raise ValueError(Errors.L116.format(name=name, sizes=[len(array) for array in arrays]))
    # Imported here: it takes 0.9 s, and lists and arrays need none of it.
    import torch

    return torch.from_numpy(np.stack(arrays))


def _ragged(arrays: list[Any]) -> Any:
    """An array of arrays, which is what transformers gives for rows of different lengths."""
    ragged = np.empty(len(arrays), dtype=object)
    for i, array in enumerate(arrays):
        ragged[i] = array
    return ragged


def kind_of(ids: Any) -> TensorKind:
    """ids (Any): Ids of words, of one input or of several.
    RETURNS (Literal["np", "pt"] | None): Whether they are arrays or tensors; None for lists."""
    for value in (ids, ids[0]):
        if isinstance(value, (np.ndarray, np.integer)):
            return "np"
        if type(value).__module__.split(".")[0] == "torch":
            return "pt"
    return None


def rows_of(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A batch's inputs one by one.

    columns (Mapping[str, Any]): Each field of all rows, in lists, arrays or tensors.
    RETURNS (list[dict[str, Any]]): The fields of each row as arrays.
    RAISES (ValueError): If the fields are not of as many rows.
    """
    n = len(columns["input_ids"])
    wrong = {name: len(values) for name, values in columns.items() if len(values) != n}
    if wrong:
        raise ValueError(Errors.L134.format(n=n, found=wrong))
    return [{name: _array(values[i]) for name, values in columns.items()} for i in range(n)]


def _array(value: Any) -> Any:
    """An array of numbers; anything else as it is."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if isinstance(value, (str, bytes)) or np.ndim(value) == 0:
        return value
    array = np.asarray(value)
    return array.astype(np.int64) if array.size == 0 or array.dtype.kind in "iub" else array
