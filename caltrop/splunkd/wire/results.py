"""Tables as the search endpoints send them: JSON (several layouts), XML, CSV, raw.

Follows "GET search/jobs/{search_id}/results" of the REST API reference. All values leave as text, multivalues as lists;
null fields are left out; `_time` is ISO 8601 with milliseconds, as long as it is a number.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from caltrop.engine.context import Message
from caltrop.engine.table import Table, chosen, render
from caltrop.splunkd.wire.atom import dump_json, escape
from caltrop.splunkd.wire.http import JSON, TEXT, XML, ApiError, Response

CSV = "text/csv; charset=UTF-8"
Row = dict[str, str | list[str]]
AT_ONCE = 512  # rows that are made texts of at once
MODES = frozenset({"xml", "json", "json_rows", "json_cols", "csv", "raw"})
EXPORT_MODES = frozenset({"xml", "json", "csv", "raw"})


def time_text(epoch: float) -> str:
    try:
        return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return str(epoch)


def rows_of(table: Table) -> Iterator[Row]:
    """Every row as name -> text or list of texts (of more than one value), null fields left out."""
    columns = []
    for name in table.fields:
        column = table.frame.get_column(name)
        if name == "_time" and column.dtype.is_numeric():
            column = pl.Series(name, [None if t is None else time_text(t) for t in column], dtype=pl.String)
        columns.append(render(column))
    names = table.fields
    for start in range(0, len(table), AT_ONCE):
        for values in zip(*(column.slice(start, AT_ONCE).to_list() for column in columns), strict=True):
            row: Row = {}
            for name, value in zip(names, values, strict=True):
                if value is None:
                    continue
                row[name] = (value if len(value) > 1 else value[0]) if isinstance(value, list) else value
            yield row


def page(table: Table, offset: int, count: int) -> Table:
    """Rows from `offset`; `count` 0 means all."""
    if offset < 0:
        offset = max(len(table) + offset, 0)
    return table.with_frame(table.frame.slice(offset, count or None))


def choose_fields(table: Table, names: Sequence[str]) -> Table:
    """Only these columns, where any are named."""
    if not names:
        return table
    return table.with_frame(chosen(table.frame, [n for n in names if n in table.fields]))


def render_results(
    table: Table,
    messages: Sequence[Message],
    mode: str,
    *,
    offset: int = 0,
    preview: bool = False,
    post_processed: int | None = None,
) -> Response:
    """A whole answer in an output mode; 400 for a mode that does not exist.

    `post_processed`: how many rows a search over the results left, where there was one.
    """
    mode = mode.lower()
    if mode not in MODES:
        raise ApiError(400, "Invalid output_mode.", "FATAL")
    rows = list(rows_of(table))
    if mode == "csv":
        if not rows:
            return Response(200, b"", TEXT)
        return Response(200, b"".join(csv_lines(table.fields, rows)), CSV)
    if mode == "raw":
        return Response(200, b"".join(_raw(row) for row in rows), TEXT)
    if mode == "xml":
        return Response(200, xml_document(table.fields, rows, messages, offset, preview).encode(), XML)
    document: dict[str, Any] = {
        "preview": preview,
        "init_offset": offset,
        "messages": [{"type": m.severity, "text": m.text} for m in messages],
    }
    if not rows:
        document["post_process_count"] = 0
    elif post_processed is not None:
        document["post_process_count"] = post_processed
    names = table.fields if rows else []
    if mode == "json" and not rows:
        document["results"] = []
    elif mode == "json":
        document |= {"fields": [{"name": n} for n in table.fields], "results": rows, "highlighted": {}}
    elif mode == "json_rows":
        document |= {"fields": names, "rows": [[row.get(n) for n in names] for row in rows]}
    else:
        document |= {"fields": names, "columns": [[row.get(n) for row in rows] for n in names]}
    return Response(200, dump_json(document), JSON)


def after_head(response: Response) -> Response:
    """The rows of a search that ran at once: CSV comes after an empty line, where the rows of a kept job do not."""
    body = response.read()
    if response.content_type == CSV and body:
        response.body = b"\n" + body
    return response


def render_export(table: Table, messages: Sequence[Message], mode: str) -> Response:
    """The answer of `export`: one piece per row, so that a client may read as it comes."""
    mode = mode.lower()
    if mode not in EXPORT_MODES:
        raise ApiError(400, "Invalid output_mode.", "FATAL")
    if mode == "json":
        return Response(200, _export_json(table, messages), JSON)
    if mode == "csv":
        return Response(200, csv_lines(table.fields, rows_of(table)), CSV)
    if mode == "raw":
        return Response(200, (_raw(row) for row in rows_of(table)), TEXT)
    return Response(200, iter([xml_document(table.fields, list(rows_of(table)), messages, 0, False).encode()]), XML)


def _export_json(table: Table, messages: Sequence[Message]) -> Iterator[bytes]:
    noted = {"messages": [{"type": m.severity, "text": m.text} for m in messages]} if messages else {}
    total = len(table)
    if not total:
        yield dump_json({"preview": False, "lastrow": True} | noted) + b"\n"
    for number, row in enumerate(rows_of(table)):
        line: dict[str, Any] = {"preview": False, "offset": number}
        if number == total - 1:
            line |= {"lastrow": True} | noted
        yield dump_json(line | {"result": row}) + b"\n"


def csv_lines(fields: Sequence[str], rows: Any) -> Iterator[bytes]:
    """Header and rows; several values of a field are separated by line breaks in one cell.

    Every cell that is not letters and digits alone is quoted, names included.
    """
    out = io.StringIO()
    if fields:
        out.write(_csv_line(fields))
    for row in rows:
        out.write(_csv_line([row.get(name, "") for name in fields]))
        if out.tell() > 65536:
            yield out.getvalue().encode("utf-8", "replace")
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode("utf-8", "replace")


def _csv_line(cells: Sequence[str | list[str]]) -> str:
    return ",".join(_csv_cell("\n".join(c) if isinstance(c, list) else c) for c in cells) + "\n"


def _csv_cell(text: str) -> str:
    if (text.isalnum() and text.isascii()) or not text:
        return text
    return '"' + text.replace('"', '""') + '"'


def _raw(row: Row) -> bytes:
    value = row.get("_raw", "")
    return ("\n".join(value) if isinstance(value, list) else value).encode("utf-8", "replace") + b"\n"


def xml_document(
    fields: Sequence[str], rows: Sequence[Row], messages: Sequence[Message], offset: int, preview: bool
) -> str:
    if not rows and not messages:
        return f"<?xml version='1.0' encoding='UTF-8'?>\n\n<results preview='{int(preview)}'/>"
    parts = [f"<?xml version='1.0' encoding='UTF-8'?>\n<results preview='{int(preview)}'>\n<meta>\n<fieldOrder>\n"]
    parts += [f"<field>{escape(name)}</field>\n" for name in fields]
    parts.append("</fieldOrder>\n</meta>\n")
    if messages:
        inner = "".join(f"<msg type='{m.severity}'>{escape(m.text)}</msg>\n" for m in messages)
        parts.append(f"<messages>\n{inner}</messages>\n")
    for number, row in enumerate(rows, offset):
        parts.append(f"<result offset='{number}'>\n")
        for name, value in row.items():
            values = value if isinstance(value, list) else [value]
            if name == "_raw":
                inner = "".join(f"<v xml:space='preserve' trunc='0'>{escape(v)}</v>" for v in values)
            else:
                inner = "".join(f"<value><text>{escape(v)}</text></value>" for v in values)
            parts.append(f"<field k='{escape(name)}'>{inner}</field>\n")
        parts.append("</result>\n")
    parts.append("</results>\n")
    return "".join(parts)
