"""Text whose `***SPLUNK***` lines say where what follows them is from (HEADER_MODE of props.conf).

`always` reads such a line anywhere, `firstline` only at the very beginning; without the setting they are text like any other, as
they are in files. A line has `host=`, `source=`, `sourcetype=` and `index=`, quoted where there are blanks, and is no event itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Protocol

from caltrop.splunkd.intake.origin import Origin

MARK = b"***SPLUNK***"
LONGEST = 1 << 16  # bytes of a line that may still be a header
_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|(\S*))')


class Plain(Protocol):
    """Data of one origin that arrives in pieces; both give how many events were stored."""

    def feed(self, data: bytes) -> int: ...

    def close(self) -> int: ...


class Headed:
    """Opens a stream for each origin that the data name, one after the other."""

    def __init__(
        self,
        open_stream: Callable[[Origin], Plain],
        origin: Origin,
        known: Callable[[str], bool],
        problem: Callable[[str], None],
        *,
        always: bool,
    ) -> None:
        """`known` tells whether there is an index of that name."""
        self._open = open_stream
        self._origin = origin
        self._known = known
        self._problem = problem
        self._always = always
        self._stream = open_stream(origin)
        self._held = b""  # the beginning of a line that may be a header
        self._expecting = True  # whether a header may come now

    def feed(self, data: bytes) -> int:
        data, self._held, count = self._held + data, b"", 0
        while data:
            if self._expecting:
                end = data.find(b"\n")
                if end < 0 and len(data) < LONGEST and (data.startswith(MARK) or MARK.startswith(data)):
                    self._held = data
                    return count
                if end >= 0 and data.startswith(MARK):
                    count += self._turn(data[:end])
                    data = data[end + 1 :]
                    self._expecting = self._always
                    continue
                self._expecting = False
            if not self._always:
                return count + self._stream.feed(data)
            line = data.find(b"\n" + MARK) + 1 or self._last_line(data)
            ended = data[line - 1 : line] == b"\n"
            count += self._stream.feed(data[:line])
            data = data[line:]
            self._expecting = ended
        return count

    @staticmethod
    def _last_line(data: bytes) -> int:
        """Where the last line begins, if it may be a header; else the end."""
        line = data.rfind(b"\n") + 1
        return line if line and MARK.startswith(data[line : line + len(MARK)]) else len(data)

    def _turn(self, header: bytes) -> int:
        """What comes from now on is from where the header says; the number of events that ended with it."""
        values = {
            name: quoted or bare for name, quoted, bare in _PAIR.findall(header.decode("utf-8", "backslashreplace"))
        }
        index = values.get("index")
        if index and not self._known(index):
            self._problem(f"{MARK.decode()} names the index {index!r}, which does not exist: events keep theirs")
            del values["index"]
        self._origin = self._origin.with_overrides({n.name: values.get(n.name) for n in fields(Origin)})
        count = self._stream.close()
        self._stream = self._open(self._origin)
        return count

    def close(self) -> int:
        held, self._held, self._expecting = self._held, b"", False
        if held.startswith(MARK):
            return self._turn(held) + self._stream.close()
        return (self._stream.feed(held) if held else 0) + self._stream.close()
