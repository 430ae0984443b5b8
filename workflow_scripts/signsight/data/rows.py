"""CSV files that users or archives bring, row by row, with each fault in one sentence."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from signsight.core.errors import UserError

LARGEST = 64 << 20  # bytes of a table
Row = dict[str, str]


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """`rows` of a file. UserError also when it cannot be read, is no regular file or too large."""
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is not a regular file and is not read; correct its path.")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as fault:
        raise UserError(
            f"{path} cannot be read ({fault.strerror}); correct its path or permissions."
        ) from fault
    if len(data) > LARGEST:
        raise UserError(f"{path} is larger than the {LARGEST >> 20} MB that a table may have; shorten it.")
    return rows(data, str(path), columns)


def rows(data: bytes, place: str, columns: Sequence[str], delimiter: str = ",") -> Iterator[tuple[str, Row]]:
    """('Line 3 of <place>', column -> text) of every row of a CSV with a header; blank lines do not count.

    UserError for a table that is empty or no UTF-8 text, lacks one of `columns`, or has a row with
    more or fewer fields than the header.
    """
    reader = csv.reader(io.StringIO(_text(data, place), newline=""), delimiter=delimiter)
    header: list[str] = []
    try:
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            where = f"Line {reader.line_num} of {place}"
            if not header:
                header = [field.strip() for field in fields]
                _check_header(header, columns, place)
            elif len(fields) != len(header):
                raise UserError(
                    f"{where} has {len(fields)} fields, but the header has {len(header)}; correct that line."
                )
            else:
                yield where, dict(zip(header, fields, strict=True))
    except csv.Error as fault:
        raise UserError(f"Line {reader.line_num} of {place} is not CSV ({fault}); correct it.") from fault
    if not header:
        raise UserError(f"{place} is empty; give it a header with the column {columns[0]!r}, and rows.")


def _text(data: bytes, place: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise UserError(f"{place} is not UTF-8 text; save it as a CSV in UTF-8.") from fault
    if "\0" in text:
        raise UserError(f"{place} is binary data, not text; save it as a CSV in UTF-8.")
    return text


def _check_header(header: list[str], columns: Sequence[str], place: str) -> None:
    twice = next((name for place, name in enumerate(header) if name and name in header[:place]), None)
    if twice is not None:
        raise UserError(f"{place} has two columns {twice!r}; rename or remove one of them.")
    for column in columns:
        if column not in header:
            unknown = {name.lower(): name for name in header if name not in columns}
            near = difflib.get_close_matches(column.lower(), unknown, n=1)
            hint = f" (perhaps it is the one named {unknown[near[0]]!r})" if near else ""
            raise UserError(f"{place} lacks the column {column!r}{hint}; correct its header.")
