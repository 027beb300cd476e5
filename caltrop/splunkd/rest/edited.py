"""The content repository that is being edited beside the server, as this room sees it: whoever starts the server hands it in.

Reading content and proving it are other rooms, which splunkd may not know; what it passes on is plain data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Judged:
    """One expectation of a test: what was claimed, whether it held, what was seen, and the line of the file that says it (0: none)."""

    name: str
    passed: bool
    seen: str
    line: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One test. `why` explains why there are no hits or what to tune, a line a finding; `error`: it could not be judged."""

    name: str
    line: int
    status: str  # passed, failed, error, skipped
    error: str
    events: int
    hits: int
    milliseconds: float
    checks: list[Judged]
    why: list[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the last run said of a detection. `at` is epoch seconds; `stale`: its file was saved since. `tests` is empty where the
    detection is one of many that are told."""

    status: str
    verdict: str
    at: float
    stale: bool
    tests: list[Tried]


@dataclass(frozen=True, slots=True)
class Edited:
    """A detection of the repository. `problems` are errors of its file, `file:line:col: what`."""

    file: str
    name: str
    type: str
    techniques: list[str]
    stories: list[str]
    tests: int
    problems: list[str]
    last: Verdict | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way: of one file, or of all (empty). `said` is what it told last."""

    file: str
    since: float  # epoch seconds
    done: int  # detections judged so far
    said: str


@dataclass(frozen=True, slots=True)
class Told:
    """The repository as it is now. `failed` says why the last run came to no verdict; empty where it did."""

    root: str
    detections: list[Edited]
    problems: list[str]  # errors of other files
    running: Run | None
    failed: str


class EditedContent(Protocol):
    """Thread-safe. `told` may take as long as it takes to read what was saved."""

    def told(self, file: str = "") -> Told:
        """What there is; content that cannot be read is told in `problems`. The tests are told of the detection in `file` alone: a
        repository may have thousands."""

    def run(self, file: str) -> bool:
        """Begin to test a detection by its file, or all for ""; False where a run is under way. Raises `CaltropError` for a file that
        is no detection."""

    def stop(self) -> bool:
        """End the run that is under way; False where there is none."""
