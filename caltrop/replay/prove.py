"""The proof of a package: install, replay, dispatch the saved search, judge hits, risk and tuning.

One walk, the same for every target:

    resolve the data -> send it -> wait until it is searchable -> dispatch the *saved search* with its alert actions
    -> read hits, risk events and notables back -> judge -> tune the filter macro, dispatch again -> reset it, again
    -> delete the data
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from caltrop.content.model import AttackData, Detection, Test
from caltrop.dialect.moments import time_bound
from caltrop.dialect.words import quoted, truth
from caltrop.dialect.zones import TimeError
from caltrop.errors import CaltropError
from caltrop.replay import benign, evidence, expect
from caltrop.replay.clone import Clone
from caltrop.replay.datasets import resolve
from caltrop.replay.delivery import deliver
from caltrop.replay.downloads import Unreachable
from caltrop.replay.places import placed
from caltrop.replay.target import Job, Row, SavedSearch, Source, Target, TargetError, wait_until
from caltrop.replay.verdict import AddOn, Benign, Check, DetectionResult, Report, TestResult

ROWS_KEPT = 20  # hits kept for the report
SEARCHABLE_SECONDS = 60.0
ACTION_SECONDS = 20.0
SCHEDULED_SECONDS = 150.0  # one run of an every-minute schedule, and then some
TUNINGS = 3  # of a filter macro that are tried on benign data
SCORING = frozenset({"TTP", "Anomaly"})  # types that exist to score risk
RISK_FIELDS = frozenset({"risk_object", "risk_object_type", "risk_score"})  # differ among the risk events of a hit
EVERY_MINUTE = "* * * * *"
SHIFT_MARGIN = 5.0  # seconds between the last shifted event and the end of the schedule's window


@dataclass(frozen=True, slots=True)
class Proof:
    """What to prove, and how. `search_name` gives a detection's saved search; `index` receives the data."""

    target: Target
    root: Path
    app: str
    search_name: Callable[[Detection], str]
    cache: Path
    index: str = "caltrop_test"
    shift: bool = False  # move the data to now and let the schedule find it
    risk: bool = True  # the target has the risk and notable actions
    clones: tuple[Clone, ...] = ()  # local copies of published data
    keep: bool = False  # leave the data of a test that did not pass where it is, for a person to look at
    host: str = field(default_factory=lambda: f"caltrop-{uuid.uuid4().hex[:8]}")  # marks the data of this run


@dataclass(frozen=True, slots=True)
class Case:
    """A detection and its saved search as the target has it, asked for once: a proof changes nothing of it but the filter macro."""

    proof: Proof
    detection: Detection
    saved: SavedSearch

    @property
    def target(self) -> Target:
        return self.proof.target


def prove(
    proof: Proof,
    detections: Sequence[Detection],
    package: Path,
    *,
    install: bool = True,
    progress: Callable[[DetectionResult], object] = lambda _: None,
    fail_fast: bool = False,
) -> Report:
    """Prove every detection; a failure of one stops the rest only where that is asked for (`fail_fast`). Raises TargetError
    only when nothing can start."""
    report = begin(proof, package, install=install)
    return proceed(proof, report, detections, package if install else None, progress=progress, fail_fast=fail_fast)


def proceed(
    proof: Proof,
    report: Report,
    detections: Sequence[Detection],
    package: Path | None,
    *,
    progress: Callable[[DetectionResult], object] = lambda _: None,
    fail_fast: bool = False,
) -> Report:
    """`prove` on a target that was made ready (`begin`); `package` None leaves out that it is installed again."""
    started = time.monotonic()
    for detection in detections:
        result = prove_detection(proof, detection)
        report.detections.append(result)
        progress(result)
        if fail_fast and result.status in STOPPING:
            break
    report.not_run = len(detections) - len(report.detections)
    # Before anything is installed again: what the target says of stepping aside is about the data of this run.
    report.addons = addons(proof)
    if package is not None and report.detections and not (report.not_run or (proof.keep and not report.passed)):
        report.checks.append(survives_reinstall(proof, detections[0], package))
    report.seconds = time.monotonic() - started
    return report


STOPPING = frozenset({"failed", "error"})


def begin(proof: Proof, package: Path, *, install: bool) -> Report:
    """The target has the app, the index and a way in; the report of a run that has proved nothing yet."""
    report = Report(
        target=proof.target.url,
        version=proof.target.version(),
        package=package.name,
        app=proof.app,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if install:
        proof.target.install(package)
    if not proof.target.has_app(proof.app):
        raise TargetError(
            f"{proof.target.url} does not have the app {proof.app!r}", hint="install it, or leave out --installed"
        )
    proof.target.ensure_index(proof.index)
    proof.target.allow(proof.index)
    if not proof.keep and not proof.target.prompt:
        forget(proof)  # whether the user may, before there is anything: data that stays is found by whatever runs next
    return report


def addons(proof: Proof) -> list[AddOn]:
    """What the target runs beside the app, as of the data that it has seen."""
    return [addon for addon in proof.target.addons() if addon.name != proof.app]


def prove_detection(proof: Proof, detection: Detection) -> DetectionResult:
    """Every test of a detection; what goes wrong is in the result."""
    result = DetectionResult.of(detection)
    for number, test in enumerate(detection.tests):
        outcome = TestResult(name=test.name, file=detection.file, line=test.line)
        began = time.monotonic()
        outcome.skipped = _why_not(detection, test)
        if outcome.skipped is None:
            try:
                _prove_test(_case(proof, detection), test, outcome)
            except CaltropError as error:
                outcome.error = str(error) if not error.hint else f"{error} ({error.hint})"
        if not all(check.passed for check in outcome.checks):
            outcome.checks = placed(outcome.checks, proof.root / detection.file, number)
        outcome.milliseconds = (time.monotonic() - began) * 1000
        result.tests.append(outcome)
    return result


def _case(proof: Proof, detection: Detection) -> Case:
    return Case(proof, detection, proof.target.saved_search(proof.search_name(detection), proof.app))


def _why_not(detection: Detection, test: Test) -> str | None:
    if detection.status != "production":
        return f"the detection is {detection.status}"
    if detection.manual_test:
        return f"tested by hand: {detection.manual_test}"
    if test.test_type != "unit":
        return f"a test of type {test.test_type!r} is not run here"
    return None


def _prove_test(case: Case, test: Test, outcome: TestResult) -> None:
    if not test.attack_data:
        raise CaltropError("the test names no attack_data: there is nothing to replay")
    detection = case.detection
    with _replayed(case, test.attack_data, test.fallback, outcome) as window:
        began = time.monotonic()
        sid, rows = _run(case, window, actions=True)
        outcome.search_milliseconds = (time.monotonic() - began) * 1000
        outcome.search = str(case.saved.content.get("search") or "")
        outcome.hits = len(rows)
        outcome.rows = rows[:ROWS_KEPT]
        outcome.checks += expect.hits(rows, test.expect)
        if not rows and not outcome.checks[0].passed and not case.proof.shift:
            outcome.why += _why(case, window)
        if rows:
            outcome.checks += expect.entities(rows, detection)
            outcome.checks += _actions(case, test, sid, rows, outcome)
            outcome.checks += _tuning(case, window, rows)
    malicious = rows
    for data in test.benign:
        with _replayed(case, (data,), (), outcome) as window:
            _, rows = _run(case, window, actions=False)
            seen = f"{len(rows)} hits on {data.data}"
            outcome.checks.append(Check("benign", not rows, seen))
            tunings = benign.telling(rows, malicious)
            chosen = _first_that_silences(case, window, tunings) if rows else None
        if rows:
            outcome.benign.append(Benign(data.data, len(rows), list(rows[:ROWS_KEPT])))
            kept = chosen is not None and _keeps_hits(case, test, outcome, chosen, len(malicious))
            outcome.why += _to_tune(detection, rows, tunings, chosen if kept else None, len(malicious))


def _why(case: Case, window: Window) -> list[str]:
    """Why the saved search found nothing in the data, asked of the target by searches."""
    try:
        explanation = evidence.explained(
            case.target,
            str(case.saved.content.get("search") or case.detection.search),
            case.proof.app,
            case.proof.host,
            earliest=int(window.first),
            latest=int(window.last) + 1,
            now=time.time(),
        )
    except CaltropError as error:
        return [f"why there are none could not be asked: {error}"]
    return explanation.lines()


# -- benign data that hits


def _first_that_silences(case: Case, window: Window, tunings: Sequence[benign.Telling]) -> benign.Telling | None:
    """The first tuning that leaves none of the benign hits, tried on the target."""
    for tuning in tunings[:TUNINGS]:
        with _tuned(case, tuning.macro):
            try:
                _, left = _run(case, window, actions=False)
            except TargetError:  # the macro stands where its fields are not, or not where a search may stand
                continue
        if not left:
            return tuning
    return None


def _keeps_hits(case: Case, test: Test, outcome: TestResult, tuning: benign.Telling, wanted: int) -> bool:
    """Whether the malicious data, replayed once more, gives as many hits as before when the macro is tuned."""
    again = TestResult(name=outcome.name, file=outcome.file, line=outcome.line)
    with (
        _replayed(case, test.attack_data, test.fallback, again) as window,
        _tuned(case, tuning.macro),
    ):
        _, rows = _run(case, window, actions=False)
    return len(rows) == wanted


@contextmanager
def _tuned(case: Case, definition: str) -> Iterator[None]:
    """The filter macro is this inside the `with`, and what it was after it."""
    macro, app = case.detection.filter_macro, case.proof.app
    original = case.target.macro(macro, app)
    case.target.set_macro(macro, app, definition)
    try:
        yield
    finally:
        case.target.set_macro(macro, app, original)


def _to_tune(
    detection: Detection,
    rows: Sequence[Row],
    tunings: Sequence[benign.Telling],
    chosen: benign.Telling | None,
    hits: int,
) -> list[str]:
    """The benign rows, the fields to tune on, and a candidate for the filter macro, which was tried."""
    lines = [f"benign hit: {benign.told(row)}" for row in rows[: benign.SHOWN]]
    if len(rows) > benign.SHOWN:
        lines.append(f"and {len(rows) - benign.SHOWN} more benign hits")
    lines += [f"to tune on {benign.sentence(tuning)}" for tuning in tunings[: benign.SHOWN]]
    if not tunings:
        lines.append("no field, and no pair of fields, tells the benign hits from the malicious ones")
    elif chosen is None:
        lines.append("no candidate for the filter macro removes the benign hits and keeps the others")
    else:
        lines.append(
            f"candidate for {detection.filter_macro}: {chosen.macro} (tried: 0 of {len(rows)} benign hits left, "
            f"{hits} of {hits} expected ones kept)"
        )
    return lines


# -- data


@dataclass(frozen=True, slots=True)
class Window:
    """The time range of the replayed data, epoch seconds, both ends included."""

    first: float
    last: float


@contextmanager
def _replayed(
    case: Case, data: Sequence[AttackData], fallback: Sequence[AttackData], outcome: TestResult
) -> Iterator[Window]:
    """The data is searchable inside the `with`, alone, and gone after it."""
    proof = case.proof
    try:
        datasets = [resolve(item, proof.root, proof.cache, clones=proof.clones) for item in data]
    except Unreachable as error:
        if not fallback:
            raise
        outcome.notes.append(f"{error}: used the repository's own dataset instead")
        outcome.stand_in = True
        datasets = [resolve(item, proof.root, proof.cache, clones=proof.clones) for item in fallback]
    end = _shift_end(case) if proof.shift else None
    try:
        sent: int | None = 0
        for dataset in datasets:
            source = Source(
                index=dataset.data.custom_index or proof.index,
                host=proof.host,
                source=dataset.data.source,
                sourcetype=dataset.data.sourcetype,
            )
            if source.index != proof.index:
                proof.target.ensure_index(source.index)
                proof.target.allow(source.index)
            count = deliver(proof.target, dataset, source, end)
            sent = None if count is None or sent is None else sent + count
            outcome.data.append(dataset.label)
        window, events = _wait_searchable(proof, sent)
        outcome.events += events
        yield window
    except BaseException:  # an interruption, too
        if not proof.keep:
            with suppress(TargetError):  # what went wrong first is what is told
                forget(proof)
        raise
    if not proof.keep or all(check.passed for check in outcome.checks):
        forget(proof)


def forget(proof: Proof) -> None:
    """Delete the data of this run. Raises TargetError where the user may not: the next test would find it."""
    try:
        proof.target.search(f'search index=* host="{proof.host}" | delete', earliest_time="0")
    except TargetError as error:
        raise TargetError(
            f"the data of a test cannot be deleted: {error}",
            hint=f"the user needs the capability delete_by_keyword (role can_delete); the data is index=* host={proof.host!r}",
        ) from error


def _wait_searchable(proof: Proof, sent: int | None) -> tuple[Window, int]:
    """Wait until as many events are found as were sent; when the target does the line breaking, until the number
    found stands still (a prompt one is asked once)."""
    count_search = f'search index=* host="{proof.host}" | stats count min(_time) as first max(_time) as last'
    found: dict[str, str] = {}
    before = -1

    def ready() -> bool:
        nonlocal found, before
        found = dict(proof.target.search(count_search, earliest_time="0", latest_time="+20y")[0])
        count = int(found["count"])
        settled = count == sent if sent is not None else proof.target.prompt or count == before
        before = count
        return count > 0 and settled

    try:
        wait_until(ready, seconds=SEARCHABLE_SECONDS, what="the data is searchable")
    except TargetError as error:
        wanted = "some" if sent is None else f"{sent}"
        raise TargetError(
            f"{before} events are searchable, {wanted} were sent; nothing can be proved on that"
        ) from error
    return Window(float(found["first"]), float(found["last"])), int(found["count"])


def _shift_end(case: Case) -> float:
    """Where the last event has to lie for the next run of the schedule to find it."""
    content = case.saved.content
    now = time.time()
    end = _moment(str(content["dispatch.latest_time"] or "now"), now)
    start = _moment(str(content["dispatch.earliest_time"] or "0"), now)
    return max(end - SHIFT_MARGIN, start)


def _moment(bound: str, now: float) -> float:
    try:
        return time_bound(bound, now)
    except TimeError as error:
        raise CaltropError(
            f"cannot place shifted events in the detection's window: {error.message}",
            hint="mend the times of its schedule, or test without --shift",
        ) from error


# -- searches


def _run(case: Case, window: Window, *, actions: bool) -> tuple[str, list[Row]]:
    """Dispatch the saved search over the data; with `shift`, let its own schedule run it. Gives sid and rows."""
    saved = case.saved
    if case.proof.shift and actions:
        job = _scheduled_job(saved)
    else:
        arguments = {
            "dispatch.earliest_time": f"{int(window.first)}",
            "dispatch.latest_time": f"{int(window.last) + 1}",
            "trigger_actions": "1" if actions else "0",
            "force_dispatch": "1",
        }
        job = saved.dispatch(**arguments)
    rows = case.target.finish(job, what=saved.name)
    return str(job.sid), one_per_hit(rows) if _rows_are_risk(saved.content) else rows


def _rows_are_risk(content: Mapping[str, object]) -> bool:
    """Without Enterprise Security the build makes the rows into risk events, which the summary index action writes."""
    on = str(content.get("action.summary_index", "0")) in ("1", "true")
    return on and content.get("action.summary_index._name") == "risk"


def one_per_hit(rows: Sequence[Row]) -> list[Row]:
    """Rows that differ only in their risk object are one hit."""
    found: dict[str, Row] = {}
    for row in rows:
        hit = {key: value for key, value in row.items() if key not in RISK_FIELDS}
        found.setdefault(repr(sorted(hit.items())), hit)
    return list(found.values())


def _scheduled_job(saved: SavedSearch) -> Job:
    """Enable the schedule, every minute, wait for the run it starts, and put the schedule back."""
    before = {job.sid for job in saved.history()}
    cron, disabled = saved.content["cron_schedule"], truth(str(saved.content["disabled"]))
    started: list[Job] = []

    def ran() -> bool:
        started[:] = [job for job in saved.history() if job.sid not in before]
        return bool(started)

    saved.update(cron_schedule=EVERY_MINUTE, is_scheduled=1)
    saved.enable()
    try:
        wait_until(ran, seconds=SCHEDULED_SECONDS, what=f"the schedule runs {saved.name!r}")
    finally:
        saved.update(cron_schedule=cron)
        if disabled:
            saved.disable()
    return started[0]


def _actions(case: Case, test: Test, sid: str, rows: Sequence[Row], outcome: TestResult) -> list[Check]:
    """What the alert actions of this dispatch wrote. Splunk runs them after the job is done, so wait for something of each."""
    detection, content = case.detection, case.saved.content
    checks: list[Check] = []
    asked: list[str] = []
    for action in ("risk", "notable"):
        enabled = str(content.get(f"action.{action}", "0")) in ("1", "true")
        if not enabled and not (action == "risk" and _rows_are_risk(content)):
            if action == "risk" and detection.type in SCORING and detection.risk_objects:
                seen = f"the saved search has no risk action: is there a deployment for type {detection.type}?"
                checks.append(Check("risk events", False, seen))
            continue
        if not case.proof.risk:
            outcome.notes.append(f"the {action} action was not checked, as asked")
            continue
        asked.append(action)
    events = _action_events(case, asked, sid) if asked else {}
    if "risk" in events:
        checks += expect.risk(events["risk"], rows, detection, test.expect.risk)
    if "notable" in events:
        checks += expect.notables(events["notable"], test.expect.notables)
    return checks


def _action_events(case: Case, indexes: Sequence[str], sid: str) -> dict[str, list[Row]]:
    """What this dispatch wrote into the indexes of its actions, in one search. The sid by itself is a term that all other events lack."""
    events: dict[str, list[Row]] = {}
    places = " OR ".join(f"index={index}" for index in indexes)
    spl = (
        f"search ({places}) search_name={quoted(case.saved.name)} orig_sid={quoted(sid)} {quoted(sid)} "
        f"| table index, search_name, {', '.join(expect.RISK_FIELDS)}"
    )

    def written() -> bool:
        found = case.target.search(spl, earliest_time="0", latest_time="+20y")
        events.update({index: [row for row in found if row.get("index") == index] for index in indexes})
        return all(events.values()) or case.target.prompt

    # Nothing written in time is a finding, judged by the caller, not a failure of the target.
    with suppress(TargetError):
        wait_until(written, seconds=ACTION_SECONDS, what=f"{places} has events of {sid}")
    return {index: events.get(index, []) for index in indexes}


# -- tuning


def _tuning(case: Case, window: Window, rows: Sequence[Row]) -> list[Check]:
    """The filter macro, set to exclude these hits, leaves none; put back, all return."""
    macro = case.detection.filter_macro
    definition = exclusion(rows, [e.field for e in case.detection.risk_objects])
    with _tuned(case, definition):
        _, tuned = _run(case, window, actions=False)
    _, again = _run(case, window, actions=False)
    return [
        Check("tuned", not tuned, f"{len(tuned)} of {len(rows)} hits are left when {macro} is {_cut(definition)}"),
        Check("reset", len(again) == len(rows), f"{len(again)} of {len(rows)} hits are back when it is reset"),
    ]


def exclusion(rows: Sequence[Row], preferred: Sequence[str]) -> str:
    """A filter macro that an analyst would write to silence exactly these hits: by the risk objects' values, or by
    the first field with a value in every hit where a detection has none."""
    names = [*preferred, *(name for name in rows[0] if not name.startswith("_"))]
    for name in filter(benign.PLAIN.fullmatch, names):
        found = [expect.values(row, name) for row in rows]
        if all(found):
            listed = ", ".join(quoted(value) for value in dict.fromkeys(v for vs in found for v in vs))
            return f"search NOT {name} IN ({listed})"
    raise CaltropError("no field has a value in every hit, so there is nothing to tune on")


def survives_reinstall(proof: Proof, detection: Detection, package: Path) -> Check:
    """A tuned filter macro is still tuned after the package is installed again."""
    macro = detection.filter_macro
    original = proof.target.macro(macro, proof.app)
    tuned = 'search NOT host="caltrop-reinstall-check"'
    proof.target.set_macro(macro, proof.app, tuned)
    try:
        proof.target.install(package)
        found = proof.target.macro(macro, proof.app)
    finally:
        proof.target.set_macro(macro, proof.app, original)
    return Check("tuning survives reinstall", found == tuned, f"{macro} is {_cut(found)} after installing again")


def _cut(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else text[:limit] + "…"
