"""Search command protocol version 2 (the chunked protocol of custom search commands), bytes to bytes.

What splunkd writes to a command's standard input and reads from its standard output. A chunk is
`chunked 1.0,<metadata bytes>,<body bytes>\\n`, JSON metadata, CSV body. Multivalue fields travel in a second column,
`__mv_<field>`, as `$value$;$value$` with `$` doubled inside a value.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Value = str | list[str]
Row = dict[str, Value]

_HEADER = re.compile(rb"chunked 1\.0,(\d+),(\d+)\n")
_MV_ITEM = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|\Z)")
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One message: metadata and the raw CSV body."""

    metadata: dict[str, Any]
    body: bytes

    def rows(self) -> list[Row]:
        """The body's rows; a field is a list where its `__mv_` column has a value, and left out where it is empty."""
        return list(decode_rows(self.body))

    def messages(self) -> list[tuple[str, str]]:
        """(level, text) of what the command tells the user."""
        inspector = self.metadata.get("inspector") or {}
        return [(level, text) for level, text in inspector.get("messages", ())]


def encode_chunk(metadata: dict[str, Any], body: bytes = b"") -> bytes:
    """One message as bytes."""
    head = json.dumps(metadata).encode()
    return b"chunked 1.0,%d,%d\n%s%s" % (len(head), len(body), head, body)


def decode_chunks(data: bytes) -> list[Chunk]:
    """Every message in a stream; ValueError where it is not one."""
    chunks, pos = [], 0
    while pos < len(data):
        header = _HEADER.match(data, pos)
        if not header:
            raise ValueError(f"no chunk header at byte {pos}: {data[pos : pos + 80]!r}")
        middle = header.end() + int(header[1])
        end = middle + int(header[2])
        if end > len(data):
            raise ValueError(f"the chunk at byte {pos} is cut off")
        chunks.append(Chunk(json.loads(data[header.end() : middle]), data[middle:end]))
        pos = end
    return chunks


def encode_rows(rows: Sequence[Row]) -> bytes:
    """Rows as the CSV body that splunkd sends: every field with its `__mv_` column."""
    fields = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    minimal = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    minimal.writerow([column for name in fields for column in (name, f"__mv_{name}")])
    for row in rows:
        cells = [cell for name in fields for cell in _cells(row.get(name, ""))]
        (quoted if any("\r" in cell for cell in cells) else minimal).writerow(cells)  # minimal leaves \r bare
    return text.getvalue().encode("utf-8", "surrogatepass")


def _cells(value: Value) -> tuple[str, str]:
    if isinstance(value, str):
        return value, ""
    return "\n".join(value), ";".join("$" + item.replace("$", "$$") + "$" for item in value)


def decode_rows(body: bytes) -> Iterator[Row]:
    """Rows of a CSV body."""
    reader = csv.reader(io.StringIO(body.decode()))
    header = next(reader, [])
    for values in reader:
        if len(values) != len(header):
            raise ValueError(f"{len(values)} cells under {len(header)} columns")
        cells = dict(zip(header, values, strict=True))
        row: Row = {}
        for name, value in cells.items():
            if name.startswith("__mv_"):
                continue
            many = cells.get(f"__mv_{name}", "")
            if many:
                row[name] = [item.replace("$$", "$") for item in _MV_ITEM.findall(many)]
            elif value:
                row[name] = value
        yield row


def conversation(args: Sequence[str], chunks: Iterable[bytes], *, command: str = "enrichhits") -> bytes:
    """What splunkd writes: the getinfo exchange, then one execute message a chunk, the last one `finished`."""
    info = {
        "args": list(args),
        "raw_args": list(args),
        "dispatch_dir": "",
        "sid": "1700000000.1",
        "app": "caltrop",
        "owner": "admin",
        "username": "admin",
        "session_key": "",
        "splunkd_uri": "https://127.0.0.1:8089",
        "splunk_version": "9.4.0",
        "search": f"| {command}",
        "command": command,
        "maxresultrows": 50000,
        "earliest_time": 0,
        "latest_time": 0,
    }
    parts = [
        encode_chunk(
            {"action": "getinfo", "preview": False, "streaming_command_will_restart": False, "searchinfo": info}
        )
    ]
    bodies = list(chunks)
    for index, body in enumerate(bodies):
        parts.append(encode_chunk({"action": "execute", "finished": index == len(bodies) - 1}, body))
    return b"".join(parts)


def run(python: Path | str, script: Path, data: bytes, *, lib: Path | None = None, timeout: float = 120) -> bytes:
    """Run a command's script over a conversation; what it wrote. RuntimeError if it fails or talks on standard error."""
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
    if lib is not None:
        environment["PYTHONPATH"] = str(lib)
    done = subprocess.run(
        [str(python), str(script)], input=data, capture_output=True, timeout=timeout, env=environment, check=False
    )
    if done.returncode or done.stderr:
        raise RuntimeError(
            f"exit code {done.returncode}: {done.stderr.decode(errors='replace')}\n{done.stdout[:2000]!r}"
        )
    return done.stdout
