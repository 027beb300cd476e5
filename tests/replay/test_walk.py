"""The walk of a proof over a target in memory: each judgement has something broken on purpose that it alone catches."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from caltrop.content.model import AttackData, Detection, Entity, Expectation, ExpectedRisk, RowBounds
from caltrop.content.model import Test as UnitTest
from caltrop.replay import expect, prove, target
from caltrop.replay.prove import Proof, exclusion, one_per_hit
from caltrop.replay.target import Row, Target, TargetError
from caltrop.replay.verdict import Check, Report, TestResult

from .memory import APP, MACRO, SEARCH, UNTUNED, MemoryTarget

LOGINS = """\
2026-03-01T10:00:00.250Z user=ann dest=web1 action=odd url=http://a.test/
2026-03-01T10:01:00Z user=bob dest=web2 action=plain
2026-03-01T10:02:00.750Z user=eve dest=db1 action=odd
"""
QUIET = "2026-03-01T10:00:00Z user=ann dest=web1 action=plain\n"
EXACTLY_TWO = RowBounds(at_least=2, at_most=2)
DETECTION = Detection(
    name="Odd Login",
    file="detections/odd_login.yml",
    search="x",
    message="Odd login of $user$ on $dest$",
    entities=(
        Entity(field="dest", type="system", score=40, finding=True),
        Entity(field="url", type="url", threat=True),
    ),
    tests=(
        UnitTest(
            name="Two odd logins",
            attack_data=(AttackData(data="logins.log", source="logins", sourcetype="logins"),),
            benign=(AttackData(data="quiet.log", source="logins", sourcetype="logins"),),
            expect=Expectation(
                hits=EXACTLY_TWO,
                fields={"user": ("ann", "eve")},
                rows=({"user": "ann", "dest": "web1"},),
                risk=ExpectedRisk(events=EXACTLY_TWO, message="Odd login of ann on web1", objects=("web1",)),
                notables=EXACTLY_TWO,
            ),
        ),
    ),
)
PASSES = [
    "hits", "field user", "row 1", "risk object dest", "threat object url", "risk events", "risk object dest",
    "risk score dest", "risk message", "risk message text", "risk objects", "notable", "tuned", "reset", "benign",
    "tuning survives reinstall",
]  # fmt: skip


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes is waited for a moment only; what is there is found at the first look, however busy the machine."""
    monkeypatch.setattr(target, "POLL_SECONDS", 0.0)
    for name in ("ACTION_SECONDS", "SCHEDULED_SECONDS"):
        monkeypatch.setattr(prove, name, 0.02)


@dataclass
class Case:
    """What is proved, and on what: a case changes one of them."""

    target: MemoryTarget
    detection: Detection
    root: Path
    install: bool = True
    shift: bool = False
    risk: bool = True
    told: list[str] = field(default_factory=list)

    def expecting(self, **changes: Any) -> None:
        test = self.detection.tests[0]
        self.testing(expect=msgspec.structs.replace(test.expect, **changes))

    def expecting_risk(self, **changes: Any) -> None:
        risk = self.detection.tests[0].expect.risk
        assert risk is not None
        self.expecting(risk=msgspec.structs.replace(risk, **changes))

    def testing(self, **changes: Any) -> Case:
        return self.detecting(tests=(msgspec.structs.replace(self.detection.tests[0], **changes),))

    def detecting(self, **changes: Any) -> Case:
        self.detection = msgspec.structs.replace(self.detection, **changes)
        return self

    def prove(self, *, nothing: bool = False) -> Report:
        splunk: Target = self.target
        proof = Proof(
            target=splunk,
            root=self.root,
            app=APP,
            search_name=lambda detection: f"Proof - {detection.name} - Rule",
            cache=self.root / "cache",
            shift=self.shift,
            risk=self.risk,
        )
        detections = [] if nothing else [self.detection]
        return prove.prove(
            proof, detections, Path("p.tar.gz"), install=self.install, progress=lambda r: self.told.append(r.name)
        )


@pytest.fixture
def case(tmp_path: Path) -> Case:
    (tmp_path / "logins.log").write_text(LOGINS)
    (tmp_path / "quiet.log").write_text(QUIET)
    return Case(MemoryTarget(), DETECTION, tmp_path)


def checks(report: Report) -> list[Check]:
    return [*(c for d in report.detections for t in d.tests for c in t.checks), *report.checks]


def only_test(report: Report) -> TestResult:
    ((result,),) = [d.tests for d in report.detections]
    return result


def test_what_is_right_passes_every_check(case: Case) -> None:
    report = case.prove()
    assert only_test(report).error is None
    assert [c.name for c in checks(report) if c.passed] == PASSES and len(checks(report)) == len(PASSES)
    assert report.passed
    assert (only_test(report).events, only_test(report).hits) == (4, 2)
    assert only_test(report).rows == [
        {"user": "ann", "dest": "web1", "url": "http://a.test/"},
        {"user": "eve", "dest": "db1"},
    ]
    assert only_test(report).data == ["logins.log", "quiet.log"]
    assert report.version == "1.2.3" and case.target.macros[MACRO] == UNTUNED and case.target.events == []
    assert case.target.content == MemoryTarget().content, "without --shift nobody touches the schedule"


# -- broken on purpose: (how, the check that fails)


def without(name: str) -> Callable[[list[Row]], list[Row]]:
    """The last row lacks a field."""
    return lambda rows: [*rows[:-1], *({k: v for k, v in row.items() if k != name} for row in rows[-1:])]


def first(**changes: str) -> Callable[[list[Row]], list[Row]]:
    return lambda events: [{**event, **(changes if number == 0 else {})} for number, event in enumerate(events)]


def last(**changes: str) -> Callable[[list[Row]], list[Row]]:
    return lambda events: [*events[:-1], *({**event, **changes} for event in events[-1:])]


def _set(case: Case, **switches: Any) -> None:
    for name, value in switches.items():
        assert hasattr(case.target, name)
        setattr(case.target, name, value)


Break = Callable[[Case], object]
BROKEN: dict[str, tuple[Break, str]] = {
    "a hit too many": (lambda c: c.expecting(hits=RowBounds(at_most=1)), "hits"),
    "a hit too few": (lambda c: c.expecting(hits=RowBounds(at_least=3)), "hits"),
    "a value that never occurs": (lambda c: c.expecting(fields={"user": ("ann", "mallory")}), "field user"),
    "no row has these values together": (lambda c: c.expecting(rows=({"user": "ann", "dest": "db1"},)), "row 1"),
    "a hit without its risk object": (lambda c: _set(c, hits=without("dest")), "risk object dest"),
    "no hit with the threat object": (lambda c: _set(c, hits=lambda rows: [*map(_no_url, rows)]), "threat object url"),
    "no risk action": (lambda c: c.target.content.pop("action.risk"), "risk events"),
    "a risk event too many": (lambda c: _set(c, risk=lambda events: [*events, events[-1]]), "risk events"),
    "a risk event too few": (lambda c: c.expecting_risk(events=RowBounds(at_least=3)), "risk events"),
    "a risk object without event": (lambda c: _set(c, risk=lambda events: [events[0]] * 2), "risk object dest"),
    "an event for another kind of object": (lambda c: _set(c, risk=last(risk_object_type="user")), "risk object dest"),
    "another score": (lambda c: _set(c, risk=lambda es: [{**e, "risk_score": "41"} for e in es]), "risk score dest"),
    "a score that is no number": (
        lambda c: _set(c, risk=lambda es: [{**e, "risk_score": "high"} for e in es]), "risk score dest",
    ),
    "another score than the test's": (lambda c: c.expecting_risk(score=39), "risk score dest"),
    "an unresolved token": (lambda c: _set(c, risk=last(risk_message="Odd login of eve on $dest$")), "risk message"),
    "an empty message": (lambda c: _set(c, risk=last(risk_message=" ")), "risk message"),
    "another message": (lambda c: c.expecting_risk(message="Odd login of ann"), "risk message text"),
    "a risk object that the test wants": (lambda c: c.expecting_risk(objects=("web1", "web9")), "risk objects"),
    "a notable too many": (lambda c: _set(c, notables=lambda events: events * 2), "notable"),
    "no notable": (lambda c: _set(c, notables=lambda events: []), "notable"),
    "a hit on benign data": (lambda c: (c.root / "quiet.log").write_text(LOGINS), "benign"),
    "a search that ignores its filter macro": (lambda c: _set(c, filtered=False), "tuned"),
    "a reset that is lost": (lambda c: _set(c, loses_reset=True), "reset"),
    "an installation that resets macros": (lambda c: _set(c, keeps_local=False), "tuning survives reinstall"),
}  # fmt: skip


def _no_url(row: Row) -> Row:
    return {k: v for k, v in row.items() if k != "url"}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_on_purpose_is_caught_by_one_check_alone(case: Case, what: str) -> None:
    change, name = BROKEN[what]
    change(case)
    report = case.prove()
    assert only_test(report).error is None
    assert [c.name for c in checks(report) if not c.passed] == [name]
    assert not report.passed


def test_every_judgement_in_the_source_is_among_them(
    monkeypatch: pytest.MonkeyPatch, case: Case, tmp_path: Path
) -> None:
    """A new Check needs a case of its own: the places that make one are read from the source."""
    failed: set[tuple[str, int]] = set()

    def recorded(name: str, passed: bool, seen: str) -> Check:
        frame = sys._getframe(1)
        if not passed:
            failed.add((Path(frame.f_code.co_filename).name, frame.f_lineno))
        return Check(name, passed, seen)

    for module in (expect, prove):
        monkeypatch.setattr(module, "Check", recorded)
    for change, _ in BROKEN.values():
        one = Case(MemoryTarget(), DETECTION, tmp_path)
        (tmp_path / "quiet.log").write_text(QUIET)
        change(one)
        one.prove()
    unproved = []
    for module in (expect, prove):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Check":
                assert node.end_lineno is not None
                name = Path(inspect.getfile(module)).name
                if not any(file == name and node.lineno <= line <= node.end_lineno for file, line in failed):
                    unproved.append(f"{name}:{node.lineno}")
    assert not unproved


# -- what is no judgement: errors, skips, notes


ERRORS: dict[str, tuple[Break, str]] = {
    "nothing to replay": (lambda c: c.testing(attack_data=()), "names no attack_data"),
    "no data": (lambda c: (c.root / "logins.log").unlink(), "logins.log"),
    "data that never arrives": (lambda c: _set(c, loses=3), "0 events are searchable, some were sent"),
    "data that arrives in part": (
        lambda c: _set(c.testing(attack_data=(AttackData(data="logins.log"),)), loses=1),
        "2 events are searchable, 3 were sent",
    ),
    "a search that the target refuses": (lambda c: _set(c, refuses="unknown command"), "unknown command"),
    "no saved search": (lambda c: c.detecting(name="Other"), "no saved search 'Proof - Other - Rule'"),
    "hits without any value": (lambda c: _set(c, hits=lambda rows: [{"_raw": "x"} for _ in rows]), "nothing to tune on"),
}  # fmt: skip


@pytest.mark.parametrize("what", ERRORS)
def test_what_cannot_be_judged_is_an_error_and_the_data_is_gone(
    case: Case, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, message = ERRORS[what]
    change(case)
    if case.target.loses:
        monkeypatch.setattr(prove, "SEARCHABLE_SECONDS", 0.02)
    case.install = False
    report = case.prove()
    assert message in (only_test(report).error or "")
    assert report.count("error") == 1 and not report.passed
    assert case.target.events == []
    assert case.target.macros[MACRO] == UNTUNED


@pytest.mark.parametrize(("hint", "said"), [(None, "refused"), ("ask again", "refused (ask again)")])
def test_an_error_is_said_with_its_hint(case: Case, hint: str | None, said: str) -> None:
    _set(case, refuses="refused", hint=hint)
    case.install = False
    assert only_test(case.prove()).error == said


SKIPPED: dict[str, tuple[Break, str]] = {
    "not in production": (lambda c: c.detecting(status="experimental"), "experimental"),
    "by hand": (lambda c: c.detecting(manual_test="needs a domain"), "needs a domain"),
    "another kind of test": (lambda c: c.testing(test_type="experimental"), "'experimental' is not run here"),
}


@pytest.mark.parametrize("what", SKIPPED)
def test_what_is_not_run_is_skipped_and_a_run_of_skips_is_no_pass(case: Case, what: str) -> None:
    change, why = SKIPPED[what]
    change(case)
    case.install = False
    report = case.prove()
    assert why in (only_test(report).skipped or "")
    assert case.target.jobs == [] and report.count("skipped") == 1 and not report.passed


def test_without_the_app_nothing_starts(case: Case) -> None:
    case.target.installed = False
    with pytest.raises(TargetError, match="does not have the app 'proof_app'"):
        case.prove()


def test_nothing_to_prove_is_no_pass(case: Case) -> None:
    report = case.prove(nothing=True)
    assert (report.detections, report.checks, case.told) == ([], [], []) and not report.passed


def test_each_detection_is_told_when_it_is_done(case: Case) -> None:
    case.prove()
    assert case.told == ["Odd Login"]


def test_what_is_installed_already_is_not_installed(case: Case) -> None:
    case.install = False
    report = case.prove()
    assert report.passed and case.target.installs == [] and report.checks == []


def test_the_package_is_installed_before_and_once_more_for_the_tuning(case: Case) -> None:
    case.prove()
    assert case.target.installs == [Path("p.tar.gz")] * 2


def test_no_hit_is_judged_by_the_number_alone(case: Case) -> None:
    case.target.hits = lambda rows: []
    case.expecting(hits=RowBounds(at_least=0, at_most=0), fields={}, rows=())
    report = case.prove()
    assert [c.name for c in only_test(report).checks] == ["hits", "benign"] and report.passed


def test_without_the_actions_they_are_noted_and_not_judged(case: Case) -> None:
    case.risk = False
    case.target.risk = case.target.notables = lambda events: []
    report = case.prove()
    assert report.passed and not [c for c in checks(report) if c.name in ("risk events", "notable")]
    assert only_test(report).notes == [f"the {a} action was not checked, as asked" for a in ("risk", "notable")]


def test_what_a_test_does_not_ask_for_is_not_judged(case: Case) -> None:
    case.testing(expect=Expectation(), benign=())
    report = case.prove()
    assert report.passed
    optional = {"field user", "row 1", "risk message text", "risk objects", "benign"}
    assert [c.name for c in checks(report)] == [name for name in PASSES if name not in optional]


def test_a_detection_that_does_not_score_needs_no_risk_action(case: Case) -> None:
    del case.target.content["action.risk"]
    case.detecting(type="Hunting")
    report = case.prove()
    assert report.passed and "risk events" not in [c.name for c in checks(report)]


def test_a_detection_without_risk_objects_needs_no_risk_action(case: Case) -> None:
    del case.target.content["action.risk"]
    case.detecting(entities=DETECTION.threat_objects)
    report = case.prove()
    assert report.passed and "risk events" not in [c.name for c in checks(report)]


def test_a_notable_that_is_switched_off_is_no_finding(case: Case) -> None:
    case.target.content["action.notable"] = "0"
    report = case.prove()
    assert report.passed and [c.name for c in checks(report)] == [name for name in PASSES if name != "notable"]


@pytest.mark.parametrize("on", ["1", "true"])
def test_rows_that_are_risk_events_are_counted_as_hits_and_judged_as_risk(case: Case, on: str) -> None:
    """Without Enterprise Security the search itself gives a row a risk object."""
    del case.target.content["action.risk"]
    case.target.content |= {"action.summary_index": on, "action.summary_index._name": "risk"}
    case.target.hits = lambda rows: [{**r, "risk_object": r["dest"], "risk_score": n} for r in rows for n in "12"]
    case.target.risk = case.target.notables = lambda events: events[::2]
    report = case.prove()
    assert report.passed and only_test(report).hits == 2
    assert "risk events" in [c.name for c in checks(report)]
    case.target.content["action.notable"] = "0"
    report = case.prove()
    assert report.passed and "notable" not in [c.name for c in checks(report)]


@pytest.mark.parametrize(
    "settings", [{"action.summary_index": "1", "action.summary_index._name": "summary"}, {"action.summary_index": "0"}]
)
def test_rows_that_go_elsewhere_are_rows(case: Case, settings: dict[str, str]) -> None:
    case.target.content |= {"action.summary_index._name": "risk", **settings}
    case.target.hits = lambda rows: [{**r, "risk_score": n} for r in rows for n in "12"]
    assert only_test(case.prove()).hits == 4


def test_risk_events_of_one_hit_are_one_hit() -> None:
    hit = {"dest": "a", "count": "1"}
    rows = [
        {**hit, "risk_object": "a", "risk_object_type": "system", "risk_score": "5"},
        {**hit, "risk_object": "u", "risk_object_type": "user", "risk_score": "5"},
        {"dest": "b", "count": "1", "risk_object": "b", "risk_object_type": "system", "risk_score": "5"},
    ]
    assert one_per_hit(rows) == [hit, {"dest": "b", "count": "1"}]


# -- waiting


RAW = AttackData(data="logins.log", source="logins", sourcetype="logins")
COUNTED = AttackData(data="logins.log")  # goes event by event, so that the number is known


@pytest.mark.parametrize("data", [(RAW,), (COUNTED,)], ids=["until it stands still", "until all are there"])
@pytest.mark.parametrize("late", [1, 3])
def test_what_comes_late_is_waited_for(
    case: Case, monkeypatch: pytest.MonkeyPatch, data: tuple[AttackData, ...], late: int
) -> None:
    monkeypatch.setattr(prove, "ACTION_SECONDS", 60.0)
    case.target.late = late
    case.testing(attack_data=data)
    report = case.prove()
    assert report.passed and only_test(report).events == 4


@pytest.mark.parametrize("data", [(RAW, COUNTED), (COUNTED, RAW)])
def test_several_datasets_are_one_test(case: Case, data: tuple[AttackData, ...]) -> None:
    four = RowBounds(at_least=4, at_most=4)
    case.expecting(hits=four, risk=ExpectedRisk(events=four), notables=four)
    case.testing(attack_data=data)
    report = case.prove()
    assert report.passed and only_test(report).events == 7
    assert only_test(report).data == ["logins.log", "logins.log", "quiet.log"]


def test_waiting_ends_in_time_and_says_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, True])
    target.wait_until(lambda: next(answers), seconds=5, what="it comes")
    assert next(answers, None) is None
    with pytest.raises(TargetError, match="waited 0 s in vain until the moon is blue"):
        target.wait_until(lambda: False, seconds=0.01, what="the moon is blue")


# -- data


def test_the_fallback_stands_in_when_nothing_can_be_downloaded_and_is_noted(case: Case) -> None:
    here = case.detection.tests[0].attack_data
    gone = (AttackData(data="https://127.0.0.1:1/logins.log", source="logins", sourcetype="logins"),)
    case.testing(attack_data=gone, fallback=here)
    report = case.prove()
    assert report.passed
    (note,) = only_test(report).notes
    assert "used the repository's own dataset instead" in note
    case.testing(attack_data=gone, fallback=())
    assert "cannot download" in (only_test(case.prove()).error or "")


def test_data_for_another_index_goes_there(case: Case) -> None:
    data = AttackData(data="logins.log", source="logins", sourcetype="logins", custom_index="wineventlog")
    case.testing(attack_data=(data,))
    assert case.prove().passed
    assert case.target.indexes == case.target.allowed == ["caltrop_test", "wineventlog"]
    assert [source.index for source in case.target.sources] == ["wineventlog", "caltrop_test"]
    assert len({source.host for source in case.target.sources}) == 1


# -- the schedule


NOW = 1_772_366_430.0  # 2026-03-01T12:00:30Z


def test_shifted_data_is_found_by_the_schedule_which_is_put_back(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caltrop.replay.prove.time.time", lambda: NOW)
    case.shift = True
    report = case.prove()
    assert report.passed
    assert case.target.scheduled == 1, "tuning and benign data are dispatched"
    attack = case.target.times[:3]
    window_end = NOW - 600 - (NOW - 600) % 60
    assert max(attack) == window_end - prove.SHIFT_MARGIN
    assert max(attack) - min(attack) == pytest.approx(120.5)
    content = case.target.content
    assert (content["cron_schedule"], content["disabled"], content["is_scheduled"]) == ("0 * * * *", "1", 1)


@pytest.mark.parametrize(("earliest", "last"), [("-2s", NOW - 2), ("", NOW - prove.SHIFT_MARGIN)])
def test_the_last_event_lies_in_the_window(
    case: Case, monkeypatch: pytest.MonkeyPatch, earliest: str, last: float
) -> None:
    """A window shorter than the margin, and one without a beginning; both end now."""
    monkeypatch.setattr("caltrop.replay.prove.time.time", lambda: NOW)
    case.shift = True
    case.target.content |= {"dispatch.earliest_time": earliest, "dispatch.latest_time": ""}
    case.prove()
    assert max(case.target.times[:3]) == last


def test_a_schedule_that_was_on_stays_on(case: Case) -> None:
    case.shift = True
    case.target.content["disabled"] = "0"
    assert case.prove().passed
    assert case.target.content["disabled"] == "0"


def test_a_schedule_that_never_runs_is_an_error_and_is_put_back(case: Case) -> None:
    case.shift, case.target.runs_schedules = True, False
    report = case.prove()
    assert f"until the schedule runs {SEARCH!r}" in (only_test(report).error or "")
    assert (case.target.content["cron_schedule"], case.target.content["disabled"]) == ("0 * * * *", "1")


# -- tuning


@pytest.mark.parametrize(
    ("rows", "preferred", "definition"),
    [
        ([{"user": "a", "dest": "b"}, {"user": "c", "dest": "b"}], ["dest"], 'search NOT dest IN ("b")'),
        ([{"user": "a", "dest": "b"}, {"user": "c"}], ["dest"], 'search NOT user IN ("a", "c")'),
        ([{"_time": "1", "x": ["1", "2"]}], [], 'search NOT x IN ("1", "2")'),
        ([{"a b": "1", "c": 'say "x\\y"'}], ["a b"], 'search NOT c IN ("say \\"x\\\\y\\"")'),
    ],
)
def test_what_an_analyst_would_tune_on(rows: list[Row], preferred: list[str], definition: str) -> None:
    assert exclusion(rows, preferred) == definition


@pytest.mark.parametrize(("length", "cut"), [(120, False), (121, True)])
def test_a_long_definition_is_cut_in_what_is_said(length: int, cut: bool) -> None:
    said = prove._cut("x" * length)
    assert said == ("x" * 120 + "…" if cut else "x" * length)


def test_the_macro_is_put_back_when_the_tuned_search_fails(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    own = case.target.set_macro

    def then_refuse(name: str, app: str, definition: str) -> None:
        own(name, app, definition)
        case.target.refuses = "no more" if definition != UNTUNED else ""

    monkeypatch.setattr(case.target, "set_macro", then_refuse)
    case.install = False
    assert "no more" in (only_test(case.prove()).error or "")
    assert case.target.macros[MACRO] == UNTUNED
