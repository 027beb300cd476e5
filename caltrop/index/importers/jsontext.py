"""JSON in a file: one value a line, values on end, pretty-printed values, or one array of values.

`values` gives each value's own text and what it decodes to. Text that is no JSON is passed on with an error and is never
lost. Lines stream; a file that is not one value a line is read as a whole, up to `LARGEST` bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from caltrop.errors import CaltropError, Location
from caltrop.index.linebreak import Decoder

LARGEST = 512 << 20
# Objects that hold nothing but their events in one list: CloudTrail's files and the answers of several APIs.
WRAPPERS = ("Records", "records", "Events", "events", "value", "logs")
_DECODER = msgspec.json.Decoder()
_DECODE, _DECODE_LINES = _DECODER.decode, _DECODER.decode_lines
_SCAN = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[\s,\x1e]*")


class Value(msgspec.Struct, frozen=True, gc=False):
    """`text` as it stood in the file, from `line` on; `decoded` is null with `error` where it is no JSON, and what `values` was
    asked to look at, where that was enough."""

    text: str
    line: int
    decoded: Any = None
    error: str | None = None


class Lines(msgspec.Struct, frozen=True, gc=False):
    """Lines one after another, the first of them line `line`, and what a look at each saw."""

    texts: list[str]
    line: int
    seen: list[Any]

    def part(self, start: int, end: int) -> Lines:
        if start == 0 and end == len(self.texts):
            return self
        return Lines(self.texts[start:end], self.line + start, self.seen[start:end])

    def values(self) -> list[Value]:
        return [
            Value(text, self.line + n, seen) for n, (text, seen) in enumerate(zip(self.texts, self.seen, strict=True))
        ]


class Look(Protocol):
    """A look at lines of JSON: what is seen of one, or of many at once, None where they have to be decoded as a whole."""

    def one(self, text: str) -> Any: ...

    def many(self, lines: list[str], text: str) -> list[Any] | None: ...


def decoded(text: str) -> Any:
    """What JSON text says. Raises what msgspec raises."""
    return _DECODE(text)


def values(name: str, chunks: Iterator[bytes], charset: str = "") -> Iterator[Value]:
    """The values of a stream. Raises `CaltropError` for a document that is too large to be read as a whole."""
    for found in pieces(name, chunks, charset):
        assert isinstance(found, Value)  # without a look
        yield found


def pieces(name: str, chunks: Iterator[bytes], charset: str = "", look: Look | None = None) -> Iterator[Value | Lines]:
    """As `values`. What `look` sees of a line stands for what it decodes to; where it sees many at once, they come together."""
    decoder = Decoder(charset)
    pending = ""
    line = 1
    started = False
    for chunk in chunks:
        text = pending + decoder.decode(chunk)
        lines = text.split("\n")
        pending = lines.pop()
        if not started:
            first = next((text for text in lines if text.strip()), None)
            if first is None and len(pending) < LARGEST:
                pending = "\n".join([*lines, pending])
                continue
            started = True
            if first is None or not _is_value(first) or first.lstrip()[0] == "[":
                yield from _document(name, "\n".join([*lines, pending]), decoder, chunks)
                return
        text = text[: -len(pending) - 1]
        if "\r" in text:
            lines = [text.rstrip("\r") for text in lines]
            text = "\n".join(lines)
        if look is not None and (seen := look.many(lines, text)) is not None:
            yield Lines(lines, line, seen)
            line += len(lines)
            continue
        if (whole := _whole_lines(lines, text, look)) is not None:
            for each, value in zip(lines, whole, strict=True):
                yield Value(each, line, value)
                line += 1
            continue
        for text in lines:
            if text and not text.isspace():
                yield _line(text, line, look)
            line += 1
        if len(pending) > LARGEST:
            raise _too_large(name, line)
    pending += decoder.decode(b"", final=True)
    if started:
        if pending.strip():
            yield _line(pending.rstrip("\r"), line, look)
    else:
        yield from stacked(pending)


def _is_value(text: str) -> bool:
    try:
        _DECODE(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _whole_lines(lines: list[str], text: str, look: Look | None) -> list[Any] | None:
    """What each of the lines of a text decodes to; None where they have to be taken one by one."""
    if not lines or (look is not None and look.one(lines[0]) is not None) or not one_a_line(lines):
        return None
    try:
        found = _DECODE_LINES(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if len(found) == len(lines) else None


def one_a_line(lines: list[str]) -> bool:
    """Whether values of these lines lie within a line each, so that as many values as lines are one a line: a value that went over
    the end of a line would go on with a comma or a brace that closes, and these all begin with one that opens and end with one
    that closes."""
    return {line[:1] for line in lines} == {"{"} and {line[-1:] for line in lines} == {"}"}


def _line(text: str, line: int, look: Look | None) -> Value:
    if look is not None and (seen := look.one(text)) is not None:
        return Value(text, line, seen)
    try:
        return Value(text, line, _DECODE(text))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Value(text, line, error=str(error))


def _too_large(name: str, line: int) -> CaltropError:
    return CaltropError(
        f"a JSON value larger than {LARGEST >> 20} MiB",
        location=Location(name, line),
        hint="split the file into one value a line",
    )


def _document(name: str, head: str, decoder: Decoder, chunks: Iterator[bytes]) -> Iterator[Value]:
    parts = [head]
    size = len(head)
    for chunk in chunks:
        parts.append(decoder.decode(chunk))
        size += len(parts[-1])
        if size > LARGEST:
            raise _too_large(name, 1)
    parts.append(decoder.decode(b"", final=True))
    text = "".join(parts)
    del parts
    whole = _elements(text)
    yield from stacked(text) if whole is None else whole


def _elements(text: str) -> list[Value] | None:
    """The elements of a document that is an array or a wrapper of one, with their own text; null for anything else."""
    try:
        outer = msgspec.json.decode(text, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
        if isinstance(outer, dict):
            if len(outer) != 1 or (key := next(iter(outer))) not in WRAPPERS:
                return None
            outer = msgspec.json.decode(outer[key], type=list[msgspec.Raw])
        return [Value(bytes(raw).decode(), 1, _DECODE(raw)) for raw in outer]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def unwrap(value: Value) -> list[Value]:
    """A value on a line of its own that is an array or a wrapper gives its elements."""
    decoded = value.decoded
    if decoded.__class__ is dict and len(decoded) != 1:  # most
        return [value]
    wrapped = isinstance(decoded, list) or (
        isinstance(decoded, dict) and len(decoded) == 1 and next(iter(decoded)) in WRAPPERS
    )
    if not wrapped:
        return [value]
    elements = _elements(value.text)
    return [value] if elements is None else [Value(e.text, value.line, e.decoded) for e in elements]


def stacked(text: str) -> Iterator[Value]:
    """Values one after another, with or without white space or commas between them, each on any number of lines.

    Where no value begins, the text up to the next line that begins with a brace is given back as an error.
    """
    position = 0
    line = 1
    counted = 0
    while True:
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr]
        if position >= len(text):
            return
        line += text.count("\n", counted, position)
        counted = position
        try:
            decoded, end = _SCAN.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            following = re.compile(r"\n\s*(?=[{\[])").search(text, position)
            end = following.start() if following else len(text)
            yield Value(text[position:end].rstrip(), line, error=str(error))
        else:
            yield Value(text[position:end], line, decoded)
        position = end
