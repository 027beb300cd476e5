"""Windows events in columns, and their XML.

The XML is what Windows' own event API renders: single-quoted attributes, braces around GUIDs, `System` in the order of the event
schema, on one line unless a value holds line breaks itself. An event without data carries its message along, in the
`RenderingInfo` that forwarded events have: nothing of the capture is lost.

Most events of a file say the same but for their data: what a distinct value is written as is found once, and the data of all
events is escaped at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

import polars as pl

from caltrop.index.importers.windows import LEVELS, NAMESPACE, WindowsEvent, attribute, guid, text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Value = TypeVar("_Value", bound=Hashable)
_Other = TypeVar("_Other", bound=Hashable)


@dataclass(slots=True)
class WindowsEvents:
    """The fields of `WindowsEvent`, a value an event. `seconds` (Int64) and `fraction` (String, nine digits) are the time; `names` are
    those of an event's data, `values` the data of all events on end."""

    provider: list[str]
    event_id: list[int]
    channel: list[str]
    computer: list[str]
    seconds: pl.Series
    fraction: pl.Series
    guid: list[str | None]
    version: list[int]
    level: list[int]
    task: list[int]
    opcode: list[int]
    keywords: list[int]
    record_id: list[int | None]
    activity_id: list[str | None]
    related_activity_id: list[str | None]
    process_id: list[int | None]
    thread_id: list[int | None]
    user_sid: list[str | None]
    user: list[str | None]
    category: list[str | None]
    opcode_name: list[str | None]
    message: list[str | None]
    names: list[tuple[str, ...]]
    values: list[str]

    @staticmethod
    def of(rows: Sequence[WindowsEvent]) -> WindowsEvents:
        """Events in columns; of their times no fraction of a second but `fraction`."""
        plain = {name: [getattr(row, name) for row in rows] for name in _PLAIN}
        return WindowsEvents(
            seconds=pl.Series([(row.time - _EPOCH) // timedelta(seconds=1) for row in rows], dtype=pl.Int64),
            fraction=pl.Series([row.fraction for row in rows], dtype=pl.String),
            names=[tuple(name for name, _ in row.data) for row in rows],
            values=[value for row in rows for _, value in row.data],
            **plain,
        )

    def rows(self) -> list[WindowsEvent]:
        data = iter(self.values)
        columns = [getattr(self, name) for name in _PLAIN]
        return [
            WindowsEvent(
                **dict(zip(_PLAIN, plain, strict=True)),
                time=_EPOCH + timedelta(seconds=seconds),
                fraction=fraction,
                data=list(zip(names, data, strict=False)),
            )
            for seconds, fraction, names, *plain in zip(self.seconds, self.fraction, self.names, *columns, strict=True)
        ]

    @property
    def times(self) -> pl.Series:
        """Epoch seconds (Float64)."""
        behind = ("0." + self.fraction).cast(pl.Float64, strict=False).fill_null(0.0)
        return self.seconds.cast(pl.Float64) + behind


_PLAIN = tuple(
    field.name for field in fields(WindowsEvents) if field.name not in ("seconds", "fraction", "names", "values")
)


def to_xml(events: WindowsEvents) -> list[str]:
    stamps = (events.seconds * 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S") + "." + events.fraction
    parts = zip(
        _each_pair(events.provider, events.guid, _provider),
        events.event_id,
        events.version,
        events.level,
        events.task,
        events.opcode,
        events.keywords,
        stamps.to_list(),
        events.record_id,
        _each_pair(events.activity_id, events.related_activity_id, _correlation),
        _each_pair(events.process_id, events.thread_id, _execution),
        _each(events.channel, text),
        _each(events.computer, text),
        _each(events.user_sid, _security),
        _data(events.names, events.values),
        map(_rendering, events.names, events.message, events.level),
        strict=True,
    )
    return [
        f"<Event xmlns='{NAMESPACE}'><System><Provider {provider}/><EventID>{event_id}</EventID>"
        f"<Version>{version}</Version><Level>{level}</Level><Task>{task}</Task>"
        f"<Opcode>{opcode}</Opcode><Keywords>0x{keywords:x}</Keywords>"
        f"<TimeCreated SystemTime='{stamp}Z'/>"
        f"<EventRecordID>{record_id or 0}</EventRecordID><Correlation{correlation}/><Execution{execution}/>"
        f"<Channel>{channel}</Channel><Computer>{computer}</Computer><Security{security}/>"
        f"</System><EventData>{data}</EventData>{rendering}</Event>"
        for provider, event_id, version, level, task, opcode, keywords, stamp, record_id, correlation, execution, channel,
        computer, security, data, rendering in parts
    ]  # fmt: skip


def _each(values: Sequence[_Value], written: Callable[[_Value], str]) -> list[str]:
    """What values are written as, each distinct one once."""
    known = {value: written(value) for value in set(values)}
    return [known[value] for value in values]


def _each_pair(ones: Sequence[_Value], others: Sequence[_Other], written: Callable[[_Value, _Other], str]) -> list[str]:
    known = {pair: written(*pair) for pair in set(zip(ones, others, strict=True))}
    if len(known) == 1:
        return [*known.values()] * len(ones)
    return [known[pair] for pair in zip(ones, others, strict=True)]


def _provider(name: str, identity: str | None) -> str:
    return f"Name='{attribute(name)}'" + (f" Guid='{attribute(guid(identity))}'" if identity else "")


def _correlation(activity: str | None, related: str | None) -> str:
    one = f" ActivityID='{attribute(guid(activity))}'" if activity else ""
    return one + (f" RelatedActivityID='{attribute(guid(related))}'" if related else "")


def _execution(process: int | None, thread: int | None) -> str:
    return "" if process is None else f" ProcessID='{process}' ThreadID='{thread or 0}'"


def _security(sid: str | None) -> str:
    return f" UserID='{attribute(sid)}'" if sid else ""


def _rendering(names: tuple[str, ...], message: str | None, level: int) -> str:
    if names or not message:
        return ""
    return (
        f"<RenderingInfo Culture='en-US'><Message>{text(message)}</Message>"
        f"<Level>{LEVELS.get(level, 'Information')}</Level></RenderingInfo>"
    )


def _data(names: list[tuple[str, ...]], values: list[str]) -> list[str]:
    """The data elements of each event: a form for each distinct sequence of names, filled with values."""
    forms = {each: (_form(each), len(each)) for each in set(names)}
    left = iter(_escaped(values))
    return [form % tuple(islice(left, count)) for form, count in map(forms.__getitem__, names)]


def _form(names: tuple[str, ...]) -> str:
    shown = (attribute(name).replace("%", "%%") for name in names)
    return "".join(f"<Data Name='{name}'>%s</Data>" if name else "<Data>%s</Data>" for name in shown)


def _escaped(values: list[str]) -> list[str]:
    """Texts as content of elements."""
    whole = "\0".join(values)
    if whole.count("\0") != len(values) - 1:  # a value has that character itself, or there is none
        return [text(value) for value in values]
    return text(whole).split("\0")
