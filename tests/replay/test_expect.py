"""Claims about rows become checks that name what was seen."""

from __future__ import annotations

import pytest

from caltrop.content.model import Detection, Entity, Expectation, ExpectedRisk, RowBounds
from caltrop.replay import expect
from caltrop.replay.target import Row
from caltrop.replay.verdict import Check

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


def said(found: list[Check], name: str) -> str:
    return next(check.seen for check in found if check.name == name)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (("x",), "found 'x'"),
        (("z", "x"), "missing 'z'; found 'x', 'y'"),
        (tuple("zvwabc"), "missing 'z', 'v', 'w', 'a', 'b' and 1 more; found 'x', 'y'"),
        (tuple("zvwab"), "missing 'z', 'v', 'w', 'a', 'b'; found 'x', 'y'"),
        (("z" * 81,), f"missing '{'z' * 80}…'; found 'x', 'y'"),
    ],
)
def test_the_sentence_names_values_and_not_too_many(wanted: tuple[str, ...], words: str) -> None:
    assert said(expect.hits(ROWS, Expectation(fields={"user": wanted})), "field user") == words


def test_a_field_that_no_hit_has_is_said_to_have_nothing() -> None:
    assert said(expect.hits(ROWS, Expectation(fields={"gone": ("1",)})), "field gone") == "missing '1'; found nothing"


def test_rows_are_said_with_their_values() -> None:
    found = expect.hits(ROWS, Expectation(rows=({"host": "a"}, {"host": "z", "n": "7"})))
    assert [check.passed for check in found] == [True, True, False]
    assert [check.seen for check in found[1:]] == ["a hit has host='a'", "no hit has host='z', n='7'"]


def test_the_sentences_about_risk() -> None:
    single = detection(Entity(field="host", type="system", score=63))
    wanted = ExpectedRisk(objects=("a",))
    right = expect.risk([risk_event()], ROWS[:1], single, wanted)
    assert [said(right, name) for name in ("risk events", "risk object host", "risk score host", "risk message")] == [
        "1 risk event", "system 'a'", "'63', expected 63", "'seen on a'",
    ]  # fmt: skip
    assert said(right, "risk objects") == "'a'"
    wrong = expect.risk([risk_event(risk_object="z", risk_message="on $host$")] * 2, ROWS[:1], single, wanted)
    assert [said(wrong, name) for name in ("risk events", "risk object host", "risk score host", "risk message")] == [
        "2 risk events", "no event for 'a'", "nothing, expected 63", "unresolved: 'on $host$'",
    ]  # fmt: skip
    assert said(wrong, "risk objects") == "missing 'a'"


def test_a_risk_object_without_any_hit_is_not_there() -> None:
    assert [c.passed for c in expect.entities([], detection(Entity(field="host", type="system")))] == [False]
    (_, risk_object, *_) = expect.risk(
        [risk_event()], [{"n": "1"}], detection(Entity(field="host", type="system")), None
    )
    assert risk_object.name == "risk object host" and not risk_object.passed


def test_notables_are_counted() -> None:
    assert expect.notables([{}], None)[0].passed
    assert not expect.notables([], None)[0].passed
    assert expect.notables([], RowBounds(at_least=0, at_most=0))[0].passed
