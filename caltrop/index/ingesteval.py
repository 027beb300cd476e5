"""`INGEST_EVAL` and `STOP_PROCESSING_IF` of transforms.conf: eval expressions over events that are about to be stored.

`name=expression` adds an indexed field (another one beside what is there), `name:=expression` replaces it, or removes it by
null(); _raw, _time, host, source, sourcetype, index and queue are the event's own. `$pd:name$` and `$field:name$` say which
is meant, `$mv:name$` reads all values of a field that has several, where a plain name reads the first. Follows "transforms.conf".
The index room evaluates nothing itself: the evaluator is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from caltrop.errors import CaltropError
from caltrop.index import frames
from caltrop.index.rewriting import QUEUE

Evaluate = Callable[[str, pl.DataFrame], pl.Series]

_TARGET = re.compile(
    r"\s*(?:\$(?P<long>(?:pd:|field:)?[^$]+)\$|(?P<short>(?:pd:|field:)?[\w.:{}@-]+?))"
    r"\s*(?:\[(?P<type>[\w-]+)\])?\s*(?P<op>:=|=)(?!=)\s*"
)
_TYPES = frozenset({"int", "float", "float32", "float-sf", "float32-sf", "string"})
_OWN = {
    "_raw": "_raw", "_time": "_time", "host": "host", "source": "source", "sourcetype": "sourcetype", "index": "index",
    "queue": QUEUE, "MetaData:Host": "host", "MetaData:Source": "source", "MetaData:Sourcetype": "sourcetype",
    "_MetaData:Index": "index",
}  # fmt: skip
_PREFIXES = {"MetaData:Host": "host::", "MetaData:Source": "source::", "MetaData:Sourcetype": "sourcetype::"}
_REFERENCE = re.compile(r"\$(pd|field|mv):([^$]+)\$")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Assignment:
    """`target` is a column of the event or the name of an indexed field (`own` tells which)."""

    target: str
    own: bool
    replaces: bool
    kind: str
    expression: str
    prefix: str = ""


def assignments(text: str) -> list[Assignment]:
    """The assignments of an INGEST_EVAL. Raises CaltropError for text that is none."""
    found: list[Assignment] = []
    for part in _split(text):
        target = _TARGET.match(part)
        if target is None or not part[target.end() :].strip():
            raise CaltropError(f"INGEST_EVAL: {part.strip()!r} is no assignment", hint="write name=expression, …")
        kind = target["type"] or ""
        if kind and kind not in _TYPES:
            raise CaltropError(f"INGEST_EVAL: unknown type [{kind}]", hint=f"one of {', '.join(sorted(_TYPES))}")
        name = target["long"] or target["short"]
        forced, colon, rest = name.partition(":")
        bare = rest if colon and forced in ("pd", "field") else name
        own = bare in _OWN and not name.startswith("field:")
        if name.startswith("pd:") and not own:
            raise CaltropError(f"INGEST_EVAL: there is no key {bare!r}", hint=f"one of {', '.join(_OWN)}")
        if not own and bare in frames.SCHEMA:
            raise CaltropError(f"INGEST_EVAL: {bare} is the event's own and no indexed field")
        found.append(
            Assignment(
                target=_OWN[bare] if own else bare,
                own=own,
                replaces=target["op"] == ":=",
                kind=kind,
                expression=_readable(part[target.end() :].strip()),
                prefix=_PREFIXES.get(bare, "") if own else "",
            )
        )
    if not found:
        raise CaltropError("INGEST_EVAL is empty")
    return found


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no quotes and no brackets."""
    parts, depth, start, quote, escaped = [], 0, 0, "", False
    for at, char in enumerate(text):
        if quote:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth <= 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _readable(expression: str) -> str:
    """`$pd:name$` and its kin as quoted field names; text in double quotes is left alone."""
    pieces: list[str] = []
    at = 0
    for quoted in _QUOTED.finditer(expression):
        pieces += [_REFERENCE.sub(_named, expression[at : quoted.start()]), quoted[0]]
        at = quoted.end()
    return "".join([*pieces, _REFERENCE.sub(_named, expression[at:])])


def _named(found: re.Match[str]) -> str:
    name = found[2] if found[1] != "mv" else f"mv:{found[2]}"
    return f"'{_OWN.get(name, name)}'"


def run(frame: pl.DataFrame, steps: list[Assignment], evaluate: Evaluate) -> pl.DataFrame:
    """The events after the assignments, one after the other: each sees what those before it gave."""
    for step in steps:
        value = _text_or_list(evaluate(step.expression, visible(frame)))
        if not step.own:
            frame = _with_field(frame, step, value)
        elif step.target == "_time":
            moment = _scalar(value).cast(pl.Float64, strict=False)
            frame = frame.with_columns(pl.coalesce(pl.lit(moment), pl.col("_time")).alias("_time"))
        else:
            text = _scalar(value).str.strip_prefix(step.prefix)
            frame = frame.with_columns(pl.coalesce(pl.lit(text), pl.col(step.target)).alias(step.target))
    return frame


def holds(frame: pl.DataFrame, expression: str, evaluate: Evaluate) -> pl.Series:
    """Which events a condition is true for: a Boolean column without nulls."""
    value = evaluate(_readable(expression), visible(frame))
    if value.dtype == pl.Boolean:
        return value.fill_null(False)
    text = _scalar(_text_or_list(value)).str.to_lowercase()
    return ((text == "true") | (text.cast(pl.Float64, strict=False).fill_null(0) != 0)).fill_null(False)


def visible(frame: pl.DataFrame) -> pl.DataFrame:
    """What an expression sees: of a field with several values the first, and all of them as `mv:name`."""
    columns: list[pl.Series] = []
    for column in frame.get_columns():
        if column.dtype == frames.MULTIVALUE:
            columns += [column.list.first().alias(column.name), column.alias(f"mv:{column.name}")]
        else:
            columns.append(column)
            if column.dtype == pl.String and column.name not in frames.SCHEMA:
                columns.append(column.alias(f"mv:{column.name}"))
    lines = frame.get_column("_raw").str.count_matches("\n", literal=True) + 1
    added = {"linecount": lines.cast(pl.String)} | (
        {"queue": frame.get_column(QUEUE)} if QUEUE in frame.columns else {}
    )
    return pl.DataFrame(columns).with_columns(**added)


def _text_or_list(value: pl.Series) -> pl.Series:
    if value.dtype in (pl.String, frames.MULTIVALUE):
        return value
    return value.cast(pl.String)


def _scalar(value: pl.Series) -> pl.Series:
    return value.list.first() if value.dtype == frames.MULTIVALUE else value


def _with_field(frame: pl.DataFrame, step: Assignment, value: pl.Series) -> pl.DataFrame:
    if step.kind == "int":
        value = _scalar(value).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).cast(pl.String)
    given = (
        value
        if value.dtype == frames.MULTIVALUE
        else pl.select(pl.when(value.is_not_null()).then(pl.concat_list(value))).to_series()
    )
    if step.replaces and step.target in frame.columns:
        frame = frame.drop(step.target)
    if given.null_count() == len(given):
        return frame
    return frames.with_more(frame, given.cast(frames.MULTIVALUE).alias(step.target))
