"""What a proof found: checks of tests of detections. Plain data; reports render it, the exit code follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from caltrop.content.model import Detection

Status = Literal["passed", "failed", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One assertion: what was claimed, whether it held, and what was seen."""

    name: str  # hits, fields, risk score, tuning, …
    passed: bool
    seen: str  # one sentence with the facts, for the report
    line: int = 0  # of the detection's file, where what was expected is written

    def __str__(self) -> str:
        return f"{'ok' if self.passed else 'FAILED'} {self.name}: {self.seen}"


@dataclass(slots=True)
class Benign:
    """What a search found in data in which it must find nothing."""

    data: str
    hits: int
    rows: list[dict[str, object]] = field(default_factory=list)  # the first ones


@dataclass(slots=True)
class TestResult:
    """One test of one detection. `error` says why it could not be judged (no data, the search failed)."""

    __test__ = False  # not a pytest class

    name: str
    file: str
    line: int
    data: list[str] = field(default_factory=list)  # the datasets, as they were really used
    notes: list[str] = field(default_factory=list)  # e.g. "offline: used the repository's own dataset"
    checks: list[Check] = field(default_factory=list)
    events: int = 0
    hits: int = 0
    rows: list[dict[str, object]] = field(default_factory=list)  # the first hits, for the report
    milliseconds: float = 0.0
    why: list[str] = field(default_factory=list)  # why there are no hits, or what to tune where benign data hits
    error: str | None = None
    skipped: str | None = None
    stand_in: bool = False  # other data than the test names was replayed in its place
    search: str = ""  # as the target has it
    search_milliseconds: float = 0.0  # of the search over the attack data
    benign: list[Benign] = field(default_factory=list)  # where there were hits

    @property
    def status(self) -> Status:
        if self.error:
            return "error"
        if self.skipped:
            return "skipped"
        if not self.checks:
            return "error"  # a test that asserted nothing proved nothing
        return "passed" if all(c.passed for c in self.checks) else "failed"

    @property
    def verdict(self) -> str:
        """The status, and whether it is one on other data than the test's own."""
        return f"{self.status} (stand-in)" if self.stand_in and self.status == "passed" else self.status

    @property
    def reason(self) -> str:
        """Why it is not `passed`, in one line."""
        why = self.error or self.skipped
        if why:
            return why
        if not self.checks:
            return "nothing was asserted"
        return "; ".join(f"{c.name}: {c.seen}" for c in self.checks if not c.passed)

    @property
    def account(self) -> str:
        """The reason, and below it why, a line a finding."""
        return "\n".join([self.reason, *self.why])


@dataclass(slots=True)
class DetectionResult:
    """All tests of one detection."""

    name: str
    id: str
    type: str
    file: str
    techniques: list[str]
    stories: list[str]
    risk_score: int
    tests: list[TestResult] = field(default_factory=list)

    @classmethod
    def of(cls, detection: Detection) -> DetectionResult:
        """What is known before anything ran."""
        return cls(
            name=detection.name,
            id=detection.id,
            type=detection.type,
            file=detection.file,
            techniques=list(detection.mitre_attack_id),
            stories=list(detection.analytic_story),
            risk_score=detection.risk_score,
        )

    @property
    def status(self) -> Status:
        statuses = [t.status for t in self.tests]
        if "error" in statuses:
            return "error"
        if "failed" in statuses:
            return "failed"
        if all(s == "skipped" for s in statuses):  # also when there are none
            return "skipped"
        return "passed"

    @property
    def verdict(self) -> str:
        """The status, and whether one of its tests passed on other data than its own."""
        stands_in = self.status == "passed" and any(test.stand_in for test in self.tests)
        return f"{self.status} (stand-in)" if stands_in else self.status


@dataclass(frozen=True, slots=True)
class AddOn:
    """An app of the target beside the one that is proved. `aside` says for what one of Caltrop's (`ours`) stepped aside."""

    name: str
    version: str
    ours: bool = False
    aside: str = ""

    def __str__(self) -> str:
        what = f"{self.name} {self.version}".strip()
        if not self.ours:
            return what
        return f"{what} (Caltrop's{f', stepped aside for {self.aside}' if self.aside else ''})"


@dataclass(slots=True)
class Report:
    """One run against one target."""

    target: str
    version: str
    package: str
    app: str
    started: str  # ISO 8601, UTC
    seconds: float = 0.0
    detections: list[DetectionResult] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)  # about the package as a whole (reinstall keeps tuning, …)
    addons: list[AddOn] = field(default_factory=list)  # what it ran with
    scope: str = ""  # what was left out of the package, the checks and the run, in a sentence
    not_run: int = 0  # detections that were to be proved, had the run not stopped at a failure

    def count(self, status: Status) -> int:
        return sum(d.status == status for d in self.detections)

    @property
    def stand_ins(self) -> int:
        """Detections that passed on other data than their tests name."""
        return sum(d.verdict != d.status for d in self.detections)

    @property
    def passed(self) -> bool:
        """True when something was proved and nothing failed. No detection tested is not a pass."""
        return (
            self.count("passed") > 0
            and self.count("failed") == self.count("error") == 0
            and all(c.passed for c in self.checks)
        )
