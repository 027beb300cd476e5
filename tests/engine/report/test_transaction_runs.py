"""Transactions of whole columns are those of the state machine, event by event."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.aggregate.transactionruns import Groups, runs, united
from caltrop.engine.aggregate.transactions import Event, Rules, group
from tests.examples import examples

VALUES = st.sampled_from(["a", "b", "c", ""])
EVENTS = st.lists(
    st.tuples(st.integers(0, 12) | st.floats(0, 3), VALUES, VALUES, st.booleans(), st.booleans(), st.integers(0, 9)),
    max_size=14,
)
RULES = st.builds(
    Rules,
    maxspan=st.sampled_from([-1.0, 0.0, 1.0, 2.5, 5.0]),
    maxpause=st.sampled_from([-1.0, 0.0, 1.0, 2.5]),
    maxevents=st.sampled_from([-1, 0, 1, 2, 3, 1000]),
    starts=st.booleans(),
    ends=st.booleans(),
    connected=st.booleans(),
    unifyends=st.booleans(),
    maxopentxn=st.sampled_from([-1, 0, 1, 2, 5000]),
    maxopenevents=st.sampled_from([-1, 0, 1, 3, 100_000]),
    closing=st.booleans(),
)


def both(
    rows: list[tuple[float, tuple[str | None, ...], bool, bool]], rules: Rules
) -> tuple[tuple[Groups, pl.Series] | None, tuple[Groups, list[int]]]:
    """What the columns give, and what the state machine gives."""
    ordered = sorted(rows, key=lambda row: -row[0])
    width = len(ordered[0][1]) if ordered else 1
    keys = pl.DataFrame([
        pl.Series(f"f{place}", [row[1][place] for row in ordered], dtype=pl.String) for place in range(width)
    ])  # fmt: skip
    times = pl.Series("time", [row[0] for row in ordered], dtype=pl.Float64)
    starts, ends = (pl.Series(f"{at}", [row[at] for row in ordered], dtype=pl.Boolean) for at in (2, 3))
    nothing: frozenset[str] = frozenset()
    events = [
        Event(n, time, tuple(nothing if v is None else frozenset((v,)) for v in values), starts, ends)
        for n, (time, values, starts, ends) in enumerate(ordered)
    ]
    found, orphans = group(events, rules)
    slow = Groups.of(found), orphans
    key = united(keys)
    if key is None and rules.fields:
        return None, slow
    quick = runs(key, times, starts, ends, rules)
    return quick and (quick[0].matching(width), quick[1]), slow


def same(one: Groups, other: Groups) -> bool:
    return all(getattr(one, name).to_list() == getattr(other, name).to_list() for name in Groups.__slots__)


@examples(400)
@given(EVENTS, RULES, st.sampled_from(["one", "two", "lacking", "none"]))
def test_runs_are_what_the_state_machine_finds(
    events: list[tuple[float, str, str, bool, bool, int]], rules: Rules, form: str
) -> None:
    rows: list[tuple[float, tuple[str | None, ...], bool, bool]] = []
    for time, a, b, starts, ends, number in events:
        values: tuple[str | None, ...] = (a, b) if form == "two" else (a,)
        if form == "lacking" and number < 3:
            values = (None,)
        rows.append((float(time), () if form == "none" else values, starts and rules.starts, ends and rules.ends))
    if form == "none":
        rules = Rules(**{**{n: getattr(rules, n) for n in Rules.__slots__}, "fields": False})
    quick, (slow, orphans) = both(rows, rules)
    evicting = 0 <= rules.maxopentxn <= 2 or 0 <= rules.maxopenevents <= 3
    if quick is None:
        assert evicting or (form == "lacking" and not rules.unifyends) or (form == "two" and not rules.connected)
        return
    assert same(quick[0], slow)
    assert quick[1].to_list() == orphans


def test_where_a_run_is_no_transaction_the_state_machine_is_asked() -> None:
    some = [(3.0, ("a", "x"), False, False), (2.0, ("a", None), False, False)]
    assert both(list(some), Rules())[0] is None
    stray = [(3.0, ("a",), False, False), (2.0, (None,), True, False)]
    assert both(list(stray), Rules(unifyends=False, starts=True))[0] is None
    many = [(float(n), (str(n),), False, False) for n in range(4)]
    assert both(list(many), Rules(maxopentxn=3))[0] is None
    assert both(list(many), Rules(maxopenevents=3))[0] is None
    assert both(list(many), Rules(maxopentxn=4, maxopenevents=4))[0] is not None


def test_limits_that_are_never_reached_at_once_evict_nothing() -> None:
    rows = [(float(n), (str(n),), True, False) for n in range(9)]  # each is finished before the next begins
    quick, (slow, _) = both(list(rows), Rules(starts=True, closing=True, maxopentxn=1, maxopenevents=1))
    assert quick is not None and same(quick[0], slow) and quick[0].closed.all()


def test_no_events() -> None:
    quick, (slow, _) = both([], Rules())
    assert quick is not None and same(quick[0], slow) and not len(quick[0].complete().rows)
