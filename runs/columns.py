"""Names of the data set's columns, as readers ask for them: `mode`, or one field, `turns.index`."""

from collections.abc import Iterable

import pyarrow as pa

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.dataset import SCHEMA


def columns_of(columns: Iterable[str] | None = None) -> list[str]:
    """The given columns in schema order; all of them for None.

    `turns.index` is one field of a column of lists. Raises UserError for a name that is no column.
    """
    if columns is None:
        return list(SCHEMA.names)
    wanted = set(columns)
    unknown = sorted(name for name in wanted if not _is_column(name))
    if unknown:
        raise UserError(f"no column {unknown[0]!r} in a session", allowed=SCHEMA.names)
    return sorted(wanted, key=lambda name: SCHEMA.names.index(column_of(name)))


def _is_column(name: str) -> bool:
    column, dot, field = name.partition(".")
    if column not in SCHEMA.names:
        return False
    kind = SCHEMA.field(column).type
    if not dot:
        return True
    if not (pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)):
        return False
    return bool(kind.value_type.get_field_index(field) >= 0)


def column_of(name: str) -> str:
    """The top-level column that a name, perhaps of one of its fields, belongs to."""
    return name.partition(".")[0]


def stored_path(name: str) -> str:
    """Where Parquet keeps a column, or one field of a column of lists."""
    column, dot, field = name.partition(".")
    return f"{column}.list.element.{field}" if dot else column
