"""Tables of documents for pandas, pyarrow and CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..files import replacing
from ..types import PathOrStr
from .extras import need
from .rows import TABLES, Documents, Row, to_rows

if TYPE_CHECKING:
    import pandas
    import pyarrow

_PANDAS = {str: "string", int: "Int64", float: "float64"}


def to_pandas(docs: Documents) -> dict[str, pandas.DataFrame]:
    """docs (Iterable[Doc | Mapping]): Documents, or what `to_dict` gave of them.
    RETURNS (dict[str, DataFrame]): A frame for each of the tables; see `to_rows`."""
    pd = need("pandas", "to_pandas")
    return {
        name: pd.DataFrame(rows, columns=list(TABLES[name])).astype(
            {column: _PANDAS[kind] for column, kind in TABLES[name].items()}
        )
        for name, rows in to_rows(docs).items()
    }


def to_arrow(docs: Documents) -> dict[str, pyarrow.Table]:
    """docs (Iterable[Doc | Mapping]): Documents, or what `to_dict` gave of them.
    RETURNS (dict[str, pyarrow.Table]): A table of pyarrow for each of the tables; see `to_rows`."""
    return {name: arrow_table(name, rows) for name, rows in to_rows(docs).items()}


def arrow_table(name: str, rows: Sequence[Row], more: Mapping[str, Any] | None = None) -> pyarrow.Table:
    """name (str): Name of a table. rows (Sequence[dict]): Its rows. more (Mapping | None): Types of further columns.
    RETURNS (pyarrow.Table): The table, with the same types whatever the rows hold."""
    pa = need("pyarrow", "A table of pyarrow")
    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    columns = {**{column: kinds[kind] for column, kind in TABLES[name].items()}, **(more or {})}
    return pa.Table.from_pylist(list(rows), schema=pa.schema(list(columns.items())))


def to_csv(docs: Documents, folder: PathOrStr) -> None:
    """Write a CSV file for each of the tables, in UTF-8 and with a header; see `to_rows`. An empty cell is a missing
    value or an empty text.

    docs (Iterable[Doc | Mapping]): Documents, or what `to_dict` gave of them.
    folder (str | PathLike): Folder to write to, made if it isn't there.
    """
    tables = to_rows(docs)
    with replacing(folder) as fresh:
        for name, rows in tables.items():
            with (fresh / f"{name}.csv").open("w", encoding="utf8", newline="") as file:
                writer = csv.DictWriter(file, list(TABLES[name]), extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
