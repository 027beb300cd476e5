"""Claims about rows become checks that name what was seen."""

from __future__ import annotations

import pytest

from caltrop.content.model import Detection, Entity, Expectation, ExpectedRisk, RowBounds
from caltrop.replay import expect
from caltrop.replay.target import Row

ROWS: list[Row] = [{"host": "a", "user": ["x", "y"], "n": "1"}, {"host": "b", "n": "2"}]


def detection(*entities: Entity) -> Detection:
    return Detection(name="D", file="d.yml", search="x", entities=entities, message="seen on $host$ by $user")


@pytest.mark.parametrize(
    ("bounds", "held"),
    [
        (RowBounds(), True),
        (RowBounds(at_least=2, at_most=2), True),
        (RowBounds(at_least=3), False),
        (RowBounds(at_least=0, at_most=1), False),
        (RowBounds(at_least=None, at_most=None), True),
    ],
)
def test_hits_are_counted_within_bounds(bounds: RowBounds, held: bool) -> None:
    (check,) = expect.hits(ROWS, Expectation(hits=bounds))
    assert check.passed is held
    assert check.seen.startswith("2 hits, expected ")


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (RowBounds(at_least=2, at_most=2), "exactly 2"),
        (RowBounds(at_least=0, at_most=0), "exactly 0"),
        (RowBounds(at_least=3), "at least 3"),
        (RowBounds(at_least=None, at_most=4), "at most 4"),
        (RowBounds(at_least=0, at_most=4), "at most 4"),
        (RowBounds(at_least=1, at_most=4), "1 to 4"),
        (RowBounds(at_least=None, at_most=None), "any number"),
    ],
)
def test_bounds_are_said_in_words(bounds: RowBounds, words: str) -> None:
    (check,) = expect.hits(ROWS[:1], Expectation(hits=bounds))
    assert check.seen == f"1 hit, expected {words}"


def test_no_hit_fails_by_default() -> None:
    (check,) = expect.hits([], Expectation())
    assert not check.passed


def test_values_must_occur_and_the_missing_one_is_named() -> None:
    wanted = Expectation(fields={"user": ("x", "z"), "host": ("b",)})
    _, user, host = expect.hits(ROWS, wanted)
    assert not user.passed and "missing 'z'" in user.seen
    assert host.passed


def test_a_row_must_be_part_of_one_hit() -> None:
    wanted = Expectation(rows=({"host": "a", "user": "y"}, {"host": "a", "n": "2"}))
    _, first, second = expect.hits(ROWS, wanted)
    assert first.passed
    assert not second.passed


def test_a_risk_object_is_needed_in_every_hit_a_threat_object_in_one() -> None:
    entities = (Entity(field="host", type="system"), Entity(field="user", type="user"))
    threats = (Entity(field="user", type="user", threat=True), Entity(field="url", type="url", threat=True))
    assert [c.passed for c in expect.entities(ROWS, detection(*entities))] == [True, False]
    assert [c.passed for c in expect.entities(ROWS, detection(*threats))] == [True, False]


def risk_event(**changes: object) -> dict[str, object]:
    event = {"risk_object": "a", "risk_object_type": "system", "risk_score": "63", "risk_message": "seen on a"}
    return event | changes


def judged(*events: dict[str, object], wanted: ExpectedRisk | None = None) -> dict[str, bool]:
    found = expect.risk(list(events), ROWS[:1], detection(Entity(field="host", type="system", score=63)), wanted)
    return {check.name: check.passed for check in found}


def test_risk_that_is_right_passes() -> None:
    assert all(judged(risk_event()).values())


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"risk_score": "62"}, "risk score host"),
        ({"risk_object": "elsewhere"}, "risk object host"),
        ({"risk_object_type": "user"}, "risk object host"),
        ({"risk_message": "seen on $host$"}, "risk message"),
        ({"risk_message": "seen on a by $user"}, "risk message"),
        ({"risk_message": ""}, "risk message"),
    ],
)
def test_risk_that_is_wrong_fails_by_name(change: dict[str, object], check: str) -> None:
    assert judged(risk_event(**change))[check] is False


def test_no_risk_event_fails() -> None:
    assert judged()["risk events"] is False


@pytest.mark.parametrize("value", ["costs 5 $ or $ 6", "ran $x = $env:TEMP$y$ on a", "$other$"])
def test_values_that_look_like_tokens_are_values(value: str) -> None:
    assert judged(risk_event(risk_message=value))["risk message"] is True


def test_one_value_may_be_two_entities_with_scores_of_their_own() -> None:
    events = [risk_event(risk_score="63"), risk_event(risk_score="10")]
    assert judged(*events)["risk score host"] is True


def test_expected_risk_replaces_the_detections_own_claims() -> None:
    wanted = ExpectedRisk(message="seen on a", score=10, objects=("a", "b"))
    found = judged(risk_event(risk_score="10.0"), wanted=wanted)
    assert found["risk score host"] and found["risk message text"]
    assert found["risk objects"] is False


def test_notables_are_counted() -> None:
    assert expect.notables([{}], None)[0].passed
    assert not expect.notables([], None)[0].passed
    assert expect.notables([], RowBounds(at_least=0, at_most=0))[0].passed
