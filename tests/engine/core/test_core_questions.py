"""What is asked of a search before it runs is asked of its tree."""

from __future__ import annotations

import pytest

from caltrop.engine import registry
from caltrop.engine.questions import reads_internal, reporting_from
from caltrop.spl import parse

registry.load()

INTERNAL = [
    "search index=_internal",
    "search index=main OR index=_*",
    "search index IN (main, _audit)",
    "search a [search index=_internal | return host]",
    "search a | append [| tstats count where index=_audit by host]",
    "| tstats count where index=_internal",
    "| metadata type=hosts index=_internal",
    "| eventcount index=_*",
    "| mstats avg(x) where index=_metrics",
    '| makeresults | map search="search index=_internal | head 1"',
]
OUTSIDE = [
    "search index=main",
    "search index=*",
    'search "_internal"',
    "search source=_internal",
    "search index=main | eval index=\"_internal\" | rename _internal as x",
    "search index=main_internal",
    "| makeresults | map search=\"search `nosuch(\"",
]  # fmt: skip


@pytest.mark.parametrize("search", INTERNAL)
def test_searches_of_internal_indexes(search: str) -> None:
    assert reads_internal(parse(search))


@pytest.mark.parametrize("search", OUTSIDE)
def test_other_searches(search: str) -> None:
    assert not reads_internal(parse(search))


@pytest.mark.parametrize(
    ("search", "number"),
    [
        ("search a", None),
        ("search a | eval b=1 | head 3", None),
        ("search a | stats count | sort 0 count", 1),
        ("search a | eval b=1 | timechart count", 2),
        ("search a | somecustomcommand", None),
        ("search a [search b | stats count by c]", None),
    ],
)
def test_where_events_end(search: str, number: int | None) -> None:
    assert reporting_from(parse(search)) == number
