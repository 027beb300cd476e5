"""The script's side of the old search command protocol: what scripts that `import splunk.Intersplunk` find on a Splunk.

The names, their order of arguments and what travels over the pipes are Splunk's, as "Write a custom search command" of the Search
Manual and scripts in public show them; the code is our own. Input is a header of `name:value` lines (values URL-encoded) up to an
empty line, then CSV; output is CSV, with a header of `error_message=…`, `warn_message=…`, `info_message=…` lines before it where
there are messages. Values are text throughout.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import IO, Any, NoReturn, TextIO
from urllib.parse import unquote

MV_ENABLED = True  # `__mv_` columns are read into lists

Result = MutableMapping[str, Any]
Messages = MutableMapping[str, "list[str]"]

_OPTION = re.compile(r"\s*([^=\s\"']+)\s*=\s*(.*)", re.DOTALL)
_MARKED = re.compile(r"\$((?:[^$]|\$\$)*)\$(?:;|$)")

csv.field_size_limit(2**31 - 1)


def splunkHome() -> str:
    """The folder of the installation. Raises KeyError where the script was not started by a server."""
    return os.path.normpath(os.environ["SPLUNK_HOME"])


# --- what the script was called with


def isGetInfo(args: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether the script is asked what it is, and its arguments without the word that asks. Another call ends in an error."""
    if len(args) < 2 or args[1] not in ("__GETINFO__", "__EXECUTE__"):
        parseError("expected '__GETINFO__' or '__EXECUTE__' as the first argument; is supports_getinfo = true missing?")
    return args[1] == "__GETINFO__", [args[0], *args[2:]]


def getKeywordsAndOptions(argvals: Sequence[str] | None = None) -> tuple[list[str], dict[str, str]]:
    """The arguments (without those before the script's own) as words and as `name=value`, quotes around a value taken off."""
    words: list[str] = []
    options: dict[str, str] = {}
    for argument in sys.argv[1:] if argvals is None else argvals:
        found = _OPTION.fullmatch(argument)
        if found:
            options[found[1]] = _unquoted(found[2])
        else:
            words.append(_unquoted(argument))
    return words, options


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


# --- what the script is given


def readResults(
    input_buf: TextIO | None = None, settings: MutableMapping[str, str] | None = None, has_header: bool = True
) -> list[Result]:
    """The rows on stdin (or `input_buf`); the header's values go into `settings`. Multivalues are lists."""
    source = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", newline="") if input_buf is None else input_buf
    if has_header:
        _read_header(source, {} if settings is None else settings)
    rows = csv.reader(source)
    names = next(rows, [])
    return [_row(names, cells) for cells in rows]


def getOrganizedResults(input_str: TextIO | None = None) -> tuple[list[Result], list[Result], dict[str, str]]:
    """The rows, an empty list (it has had no meaning for long), and the header's values."""
    settings: dict[str, str] = {}
    return readResults(input_str, settings), [], settings


def getSettings(input_buf: TextIO | None = None) -> dict[str, str]:
    """The header's values alone."""
    settings: dict[str, str] = {}
    _read_header(sys.stdin if input_buf is None else input_buf, settings)
    return settings


def _read_header(source: TextIO, settings: MutableMapping[str, str]) -> None:
    name = None
    while line := source.readline().rstrip("\r\n"):
        before, colon, value = line.partition(":")
        if colon:
            name = before
            settings[name] = unquote(value)
        elif name is not None:  # a value of several lines
            settings[name] += "\n" + unquote(line)


def _row(names: Sequence[str], cells: Iterable[str]) -> Result:
    row: dict[str, Any] = dict(zip(names, cells, strict=False))
    for name in [n for n in names if MV_ENABLED and f"__mv_{n}" in row]:
        values: list[str] = []
        if decodeMV(row[f"__mv_{name}"], values):
            row[name] = values[0] if len(values) == 1 else values
            del row[f"__mv_{name}"]
    return row


def rawresultsToString(results: Iterable[Mapping[str, str]]) -> str:
    """The `_raw` of each row that has one, a line each."""
    return "\n".join(row["_raw"] for row in results if "_raw" in row)


# --- what the script gives


def outputInfo(
    streaming: bool,
    generating: bool,
    retevs: bool,
    reqsop: bool,
    preop: str | None,
    timeorder: bool = False,
    clear_req_fields: bool = False,
    req_fields: str | Sequence[str] | None = None,
) -> NoReturn:
    """Answer what the script is (see the settings of these names in commands.conf), and end."""
    info: dict[str, Any] = {
        "streaming_preop": preop or "",
        "streaming": _flag(streaming),
        "generating": _flag(generating),
        "retainsevents": _flag(retevs),
        "requires_preop": _flag(reqsop),
        "generates_timeorder": _flag(generating and timeorder),
        "overrides_timeorder": _flag(generating or not timeorder),
        "clear_required_fields": _flag(clear_req_fields),
    }
    if req_fields:
        info["required_fields"] = req_fields if isinstance(req_fields, str) else list(req_fields)
    outputResults([info], mvdelim=",")
    sys.exit()


def _flag(value: object) -> str:
    return "1" if value else "0"


def outputResults(
    results: Sequence[Mapping[str, Any]] | None,
    messages: Mapping[str, Sequence[str]] | None = None,
    fields: Sequence[str] | None = None,
    mvdelim: str = "\n",
    outputfile: IO[bytes] | None = None,
) -> None:
    """Write rows, with `fields` as their columns or all of them in order of appearance; lists get a `__mv_` column beside them.

    With `messages` (of `addErrorMessage` and its like) a header goes first: the command needs `outputheader = true`.
    """
    out = _stdout() if outputfile is None else outputfile
    if messages is not None:
        lines = [f"{level}={text}\n" for level, texts in messages.items() for text in texts]
        out.write("".join([*lines, "\n"]).encode("utf-8"))
    if results is None:
        return
    rows = [dict(_cells(row, mvdelim)) for row in results]
    columns = list(fields) if fields is not None else list(dict.fromkeys(name for row in rows for name in row))
    if fields is not None:
        marks = dict.fromkeys(name for row in rows for name in row if name.startswith("__mv_"))
        columns += [name for name in marks if name not in columns and name.removeprefix("__mv_") in columns]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    out.write(text.getvalue().encode("utf-8", "surrogateescape"))
    out.flush()


def _cells(row: Mapping[str, Any], mvdelim: str) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, (list, tuple)):
            texts = [str(one) for one in value]
            yield name, mvdelim.join(texts)
            yield f"__mv_{name}", getEncodedMV(texts)
        else:
            yield name, value


def outputStreamResults(
    results: Sequence[Mapping[str, Any]],
    version: str = "4.3",
    header: Sequence[Mapping[str, Any]] | None = None,
    mvdelim: str = "\n",
    outputfile: IO[bytes] | None = None,
) -> None:
    """Rows behind a line that says how long they are: `splunk <version>,<bytes of the header>,<bytes of the rows>`."""
    out = _stdout() if outputfile is None else outputfile
    parts = []
    for rows in (header, results):
        buffer = io.BytesIO()
        if rows is not None:
            outputResults(rows, mvdelim=mvdelim, outputfile=buffer)
        parts.append(buffer.getvalue())
    out.write(b"splunk %s,%d,%d\n" % (version.encode(), len(parts[0]), len(parts[1])) + parts[0] + parts[1])
    out.flush()


def generateErrorResults(errorStr: str) -> None:
    """Write an error in place of rows: one row with the one field ERROR. Gives nothing; scripts pass that to outputResults."""
    outputResults([{"ERROR": errorStr}])


def parseError(msg: str) -> NoReturn:
    """Write an error in place of rows, and end."""
    generateErrorResults(msg)
    sys.exit()


def addMessage(messages: Messages, msg: str, key: str) -> None:
    """Note a message for outputResults; `key` says how grave: error_message, warn_message, info_message."""
    messages.setdefault(key, []).append(msg)


def addErrorMessage(messages: Messages, msg: str) -> None:
    addMessage(messages, msg, "error_message")


def addWarnMessage(messages: Messages, msg: str) -> None:
    addMessage(messages, msg, "warn_message")


def addInfoMessage(messages: Messages, msg: str) -> None:
    addMessage(messages, msg, "info_message")


# --- multivalues: each in dollar signs, semicolons between them, a dollar sign inside doubled


def getEncodedMV(vals: Iterable[str]) -> str:
    """The text of a `__mv_` cell."""
    return ";".join("$" + value.replace("$", "$$") + "$" for value in vals)


def decodeMV(s: str, vals: list[str]) -> bool:
    """Add the values of a `__mv_` cell to `vals`; False, and nothing added, where it is none."""
    found, end = [], 0
    for match in _MARKED.finditer(s):
        if match.start() != end:
            return False
        found.append(match[1].replace("$$", "$"))
        end = match.end()
    if not s or end != len(s):
        return False
    vals += found
    return True


def _stdout() -> IO[bytes]:
    sys.stdout.flush()
    return sys.stdout.buffer
