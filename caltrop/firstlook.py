"""A first look at a log, for who writes a detection about it: where it comes from, how it is dated, what is in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from caltrop.content.new import ENTITIES
from caltrop.engine.instance import Instance
from caltrop.engine.table import values_of
from caltrop.errors import CaltropError, Location
from caltrop.knowledge import app_folders

# Fields that say what happened, the most telling first.
_TELLING = (
    "EventCode", "eventName", "eventType", "operationName", "Operation", "protoPayload.methodName", "action", "signature",
    "status", "http_method", "process_name", "app", "type",
)  # fmt: skip
_MOST = 50  # different values that a telling field has
_BINARY = ("evtx",)
_SAMPLE = 50_000  # events that are looked at
# What a line's time looks like, and how props.conf names that; the more particular first.
_TIMES = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}(?:Z|[+-]\d\d:?\d\d)", "%Y-%m-%dT%H:%M:%S.%N%Z"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)", "%Y-%m-%dT%H:%M:%S%Z"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "%Y-%m-%dT%H:%M:%S"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d{3}", "%Y-%m-%d %H:%M:%S,%3N"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "%Y-%m-%d %H:%M:%S"),
    (r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", "%d/%b/%Y:%H:%M:%S %z"),
    (r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", "%m/%d/%Y %H:%M:%S"),
    (r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d", "%b %e %H:%M:%S"),
    (r"\b1[4-9]\d{8}\.\d{3,6}\b", "%s.%N"),
    (r"\b1[4-9]\d{8}\b", "%s"),
)
_LINES = 200
_PREFIX = 100  # characters before a time


@dataclass(slots=True)
class Look:
    """`props` are index-time settings that are to be added for the source type; empty where it is known, or has no lines.

    `data` is where the file is in the repository, `file` the one that has to be copied there (None: it is there).
    """

    source: str
    sourcetype: str
    events: int
    search: str
    entities: list[tuple[str, str]]
    fields: list[str]
    data: str
    file: Path | None = None
    props: dict[str, str] = field(default_factory=dict)

    def keep(self, root: Path, template: str) -> Iterator[Path]:
        """Copy the data, and add the source type to the app's props.conf where it has none; what was written."""
        if self.file is not None:
            target = root / self.data
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.file, target)
                yield target
        path = root / template / "default" / "props.conf"
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        if self.props and f"[{self.sourcetype}]" not in before.splitlines():
            path.parent.mkdir(parents=True, exist_ok=True)
            stanza = "".join(f"{key} = {value}\n" for key, value in self.props.items())
            gap = "\n" if before.strip() else ""
            path.write_text(f"{before}{gap}[{self.sourcetype}]\n{stanza}", encoding="utf-8")
            yield path


def look(path: Path, apps: Sequence[Path], *, into: Path, source: str = "", sourcetype: str = "") -> Look:
    """Read the file as the toolkit does; `into` is the repository that it is for. Raises `CaltropError` where it holds no event."""
    with app_folders(apps, addons=True) as folders:
        instance = Instance(None, folders)
        instance.store.create_index("main")
        options = instance.import_options(source=source or None, sourcetype=sourcetype or None)
        count = instance.add_file(path, options)
        if not count:
            raise CaltropError("the file holds no event", location=Location(str(path)), hint="give one with events")
        found = instance.search(f"search index=* | head {_SAMPLE}").table.frame
        named = _most(found, "sourcetype")
        place = _most(found, "source")
        known = instance.knowledge("search", "nobody").index_time_props(place, named)
    names = [
        name for name in found.columns if not name.startswith("_") and found.get_column(name).null_count() < len(found)
    ]
    likely = [(name, entity) for name, entity in ENTITIES if name in names and name != "host"]
    by = [next(pair for pair in likely if pair[1] == kind) for kind in dict.fromkeys(kind for _, kind in likely)]
    by = by or [("host", "system")]
    telling = next((name for name in _TELLING if name in names and _distinct(found, name) <= _MOST), "")
    lines = _lines(path)
    props = {} if "TIME_FORMAT" in known or "INDEXED_EXTRACTIONS" in known or not lines else _settings(lines)
    grouped = [name for name, _ in by] + ([telling] if telling else [])
    search = (
        f'sourcetype="{named}"{_condition(found, telling)}\n'
        f"| stats count min(_time) as firstTime max(_time) as lastTime by {' '.join(map(_quoted, grouped))}"
    )
    root = into.resolve()
    inside = path.resolve().is_relative_to(root)
    data = path.resolve().relative_to(root).as_posix() if inside else f"tests/data/{path.name}"
    target = root / data
    if not inside and target.exists() and target.read_bytes() != path.read_bytes():
        raise CaltropError(
            "other data of that name is there", location=Location(str(target)), hint="rename one of the two"
        )
    return Look(place, named, count, search, by, names, data, None if inside else path, props)


def _most(frame: pl.DataFrame, name: str) -> str:
    """The most frequent value."""
    return str(frame.get_column(name).value_counts(sort=True).row(0)[0])


def _distinct(frame: pl.DataFrame, name: str) -> int:
    return values_of(frame.get_column(name)).explode().drop_nulls().n_unique()


def _condition(frame: pl.DataFrame, name: str) -> str:
    """The rarest value of the telling field: what is rare is where one looks first."""
    if not name:
        return ""
    counted = (
        values_of(frame.get_column(name)).explode().drop_nulls().alias("value").value_counts().sort("count", "value")
    )
    value = str(counted.row(0)[0]).replace("\\", "\\\\").replace('"', '\\"')
    return f' {_quoted(name)}="{value}"'


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w.]+", name) else f'"{name}"'


def _lines(path: Path) -> list[str]:
    """The first lines of a text file; nothing of any other."""
    if path.is_dir() or path.suffix.lower().lstrip(".") in (
        *_BINARY,
        "zip",
        "gz",
        "json",
        "csv",
        "xz",
        "bz2",
        "zst",
        "7z",
    ):
        return []
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if b"\0" in head:
        return []
    lines = head.decode("utf-8", "replace").splitlines()[:_LINES]
    return [] if lines and re.match(r"\s*(\{|<[A-Za-z?!])", lines[0]) else lines  # JSON and XML have no such lines


def _settings(lines: Sequence[str]) -> dict[str, str]:
    """One event a line, and its time where lines show one at the same kind of place."""
    settings = {"SHOULD_LINEMERGE": "false", "LINE_BREAKER": "([\\r\\n]+)"}
    for pattern, form in _TIMES:
        found = [match for line in lines if (match := re.search(pattern, line[: _PREFIX + 40]))]
        if len(found) * 2 < len(lines):
            continue
        first = found[0]
        before = {match.string[: match.start()] for match in found}
        settings["TIME_FORMAT"] = form
        prefix = _prefix(before)
        if prefix is not None:
            settings["TIME_PREFIX"] = prefix
        reach = len(first[0]) + (0 if prefix is not None else max(map(len, before)))
        settings["MAX_TIMESTAMP_LOOKAHEAD"] = str(reach + 2)
        break
    return settings


def _prefix(before: Set[str]) -> str | None:
    """What stands before the time, where it is so many words, and the same mark right before the time, in every line."""
    words = {len(text.split()) - (bool(text) and not text[-1:].isspace()) for text in before}
    marks = {re.split(r"\s", text)[-1] for text in before}
    if len(words) != 1 or len(marks) != 1:
        return None
    count, mark = words.pop(), re.escape(marks.pop())
    return f"^(?:\\S+\\s+){{{count}}}{mark}" if count else f"^{mark}"
