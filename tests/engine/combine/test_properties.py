"""join, selfjoin and set beside loops over rows that say the same plainly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.conformance import event_frame, rows_of
from caltrop.engine.instance import Instance
from tests.examples import examples

Row = dict[str, str]
ROWS = st.lists(
    st.fixed_dictionaries({"v": st.sampled_from("xyz")}, optional={"k": st.sampled_from("abc"), "w": st.sampled_from("pq")}),
    max_size=6,
)  # fmt: skip
BOUNDED = examples(25)


@pytest.fixture(scope="module")
def instance() -> Instance:
    made = Instance(None, (), now=1_700_000_000.0)
    made.store.create_index("main")
    made.store.append(event_frame([{"id": 1}]))
    return made


def found(instance: Instance, search: str) -> list[dict[str, Any]]:
    rows = rows_of(instance.search(search).table)
    return [{n: v for n, v in row.items() if v is not None and not n.startswith("_")} for row in rows]


def table(rows: list[Row]) -> str:
    """SPL that gives these rows."""
    if not rows:
        return "| makeresults count=0 | table k v w"
    text = json.dumps(rows).replace('"', '\\"')
    return f'| makeresults format=json data="{text}" | table k v w'


@BOUNDED
@given(left=ROWS, right=ROWS, most=st.integers(0, 2), how=st.sampled_from(["inner", "left"]), overwrite=st.booleans())
def test_join(instance: Instance, left: list[Row], right: list[Row], most: int, how: str, overwrite: bool) -> None:
    expected: list[Row] = []
    for mine in left:
        matches = [other for other in right if "k" in mine and mine["k"] == other.get("k")]
        for other in matches[: most or None]:
            expected.append({**mine, **other} if overwrite else {**other, **mine})
        if not matches and how == "left":
            expected.append(mine)
    search = f"{table(left)} | join type={how} max={most} overwrite={str(overwrite).lower()} k [{table(right)}]"
    assert found(instance, search) == expected


@BOUNDED
@given(rows=ROWS, keep=st.booleans())
def test_selfjoin(instance: Instance, rows: list[Row], keep: bool) -> None:
    expected: list[Row] = []
    for i, mine in enumerate(rows):
        same = [j for j, other in enumerate(rows) if "k" in mine and other.get("k") == mine["k"]]
        later = [j for j in same if j > i]
        if later:
            expected.append({**mine, **rows[later[0]]})
        elif keep and same == [i]:
            expected.append(mine)
    assert found(instance, f"{table(rows)} | selfjoin keepsingle={str(keep).lower()} k") == expected


@BOUNDED
@given(left=ROWS, right=ROWS, operator=st.sampled_from(["union", "diff", "intersect"]))
def test_set(instance: Instance, left: list[Row], right: list[Row], operator: str) -> None:
    both, first, second = left + right, left, right
    wanted = {
        "union": both,
        "diff": [row for row in both if (row in first) != (row in second)],
        "intersect": [row for row in first if row in second],
    }[operator]
    once = [row for i, row in enumerate(wanted) if row not in wanted[:i]]
    assert found(instance, f"| set {operator} [{table(left)}] [{table(right)}]") == once
