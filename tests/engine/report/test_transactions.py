"""The state machine behind transaction, on plain values."""

from __future__ import annotations

import pytest

from caltrop.engine.aggregate.transactions import Event, Rules, group


def events(*rows: tuple[float, str] | tuple[float, str, str]) -> list[Event]:
    """(time, values, marks): "x p" are the values of two fields, "-" is none; marks are s (starts) and e (ends)."""
    out = []
    for row, (time, values, *marks) in enumerate(rows):
        sets = tuple(frozenset() if v == "-" else frozenset({v}) for v in values.split())
        mark = marks[0] if marks else ""
        out.append(Event(row, time, sets, "s" in mark, "e" in mark))
    return out


def rows_of(rules: Rules, found: list[Event], *, all_of_them: bool = False) -> list[list[int]]:
    done, _ = group(found, rules)
    return [sorted(t.rows) for t in done if all_of_them or t.closed or not rules.closing]


@pytest.mark.parametrize(
    ("rules", "given", "expected"),
    [
        (Rules(), [(9, "a"), (8, "b"), (7, "a")], [[0, 2], [1]]),
        (Rules(maxspan=5, closing=True), [(10, "a"), (6, "a"), (4, "a")], [[0, 1], [2]]),
        (Rules(maxpause=3, closing=True), [(10, "a"), (7, "a"), (3, "a")], [[0, 1], [2]]),
        (Rules(maxevents=2, closing=True), [(3, "a"), (2, "a"), (1, "a")], [[0, 1], [2]]),
        (Rules(starts=True, closing=True), [(4, "a"), (3, "a", "s"), (2, "a"), (1, "a", "s")], [[0, 1], [2, 3]]),
        (Rules(starts=True, ends=True, closing=True), [(4, "a", "e"), (3, "a", "e"), (2, "a", "s")], [[1, 2]]),
        (Rules(starts=True, ends=True, closing=True), [(4, "a"), (3, "a", "s")], []),
        (Rules(), [(3, "x -"), (2, "x p"), (1, "- p")], [[0, 1, 2]]),
        (Rules(), [(3, "x p"), (2, "y p"), (1, "x p")], [[0, 2], [1]]),
        (Rules(), [(2, "x -"), (1, "- p")], [[0], [1]]),
        (Rules(connected=False), [(2, "x -"), (1, "- p")], [[0, 1]]),
        (Rules(fields=False, maxpause=1, closing=True), [(9, ""), (8, ""), (5, "")], [[0, 1], [2]]),
    ],
)
def test_groups(rules: Rules, given: list[tuple[float, str]], expected: list[list[int]]) -> None:
    assert sorted(rows_of(rules, events(*given))) == expected


def test_events_without_a_field_are_orphans() -> None:
    done, orphans = group(events((2, "-"), (1, "a")), Rules())
    assert orphans == [0]
    assert [t.rows for t in done] == [[1]]


def test_a_boundary_without_fields_joins_only_when_ends_are_not_unified() -> None:
    given = events((3, "a", "e"), (2, "a"), (1, "-", "s"))
    assert rows_of(Rules(starts=True, ends=True, closing=True), given) == []
    loose = Rules(starts=True, ends=True, closing=True, unifyends=False)
    assert rows_of(loose, given) == [[0, 1, 2]]


def test_the_least_recently_used_transaction_is_evicted() -> None:
    rules = Rules(maxopentxn=1, maxspan=100, closing=True)
    done, _ = group(events((3, "a"), (2, "b"), (1, "a")), rules)
    assert [(t.rows, t.closed) for t in done] == [([0], False), ([1], False), ([2], True)]


def test_memory_is_bounded_by_open_events() -> None:
    done, _ = group(events(*((9 - i, "a") for i in range(6))), Rules(maxopenevents=2, closing=True))
    assert [len(t.rows) for t in done] == [3, 3]
