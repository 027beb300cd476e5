"""Columns of repeated texts that are held as numbers: the same to whoever asks of them, and a part of the size."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine import matching, presence
from caltrop.engine.context import Extracted
from caltrop.engine.instance import Instance
from caltrop.index import coding, frames
from caltrop.spl import parse_search
from tests.examples import examples

TEXTS = st.none() | st.sampled_from(
    ["x", "X", "xy", "", " ", "7", "07", "-1", "1e3", "10.1.2.3", "é", "É", "a*b", "nan"]
)
CONDITIONS = (
    "a=x", "a=X*", "a=*", 'a=""', "a!=x", "a!=z", "NOT a=x", "a=x OR a=7", "a=7 a=x*", "a IN (x, 7*)", "a IN (q)", "a>3",
    "a<=7", "a>w", "a=10.0.0.0/8", "a=CASE(x)", "a=CASE(X*)", "a=7", "NOT (a=x OR a=*y)", "a=é", "a!=*",
)  # fmt: skip


def coded(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column of texts coded, whether it is worth it or not."""
    return frame.with_columns(
        column.cast(pl.Enum(column.unique().drop_nulls()))
        for column in frame.get_columns()
        if column.dtype == pl.String
    )


@examples(100)
@given(st.lists(TEXTS, min_size=1, max_size=12), st.sampled_from(CONDITIONS))
def test_conditions_hold_of_the_same_rows(values: list[str | None], text: str) -> None:
    frame = pl.DataFrame({"a": pl.Series(values, dtype=pl.String)}).with_row_index("n")
    held = coded(frame)
    node = parse_search(text)
    rows = [f.filter(matching.predicate(node, f)).get_column("n").to_list() for f in (frame, held)]
    assert rows[0] == rows[1]
    if rows[0]:  # a certain no is right, whichever way it is asked
        assert presence.may_match(node, Extracted(held), frozenset())


@examples(60)
@given(st.lists(TEXTS, max_size=12))
def test_what_was_coded_comes_back(values: list[str | None]) -> None:
    frame = pl.DataFrame({"a": pl.Series(values, dtype=pl.String), "b": pl.Series(values, dtype=pl.String)})
    assert coding.plain(coded(frame)).equals(frame)
    assert coding.plain(frame) is frame


def test_only_what_repeats_is_coded() -> None:
    rows = coding.LEAST * 2
    frame = pl.DataFrame({
        "same": ["x" * 40] * rows, "few": [f"user{n % 50}" for n in range(rows)], "none": pl.Series([None] * rows, dtype=pl.String),
        "all": [str(n) for n in range(rows)], "number": range(rows), "list": [["a"]] * rows, "_raw": ["x"] * rows,
    })  # fmt: skip
    held = coding.coded(frame)
    assert [name for name, dtype in held.schema.items() if coding.is_coded(dtype)] == ["same", "few", "none"]
    assert coding.plain(held).equals(frame)
    assert coding.size(held.select("same", "few", "none")) < coding.size(frame.select("same", "few", "none")) / 8
    assert coding.coded(frame.head(coding.LEAST - 1)).schema == frame.schema


def test_the_size_of_texts_is_not_only_their_characters() -> None:
    frame = pl.DataFrame({"a": pl.Series([None] * 1000, dtype=pl.String), "l": [["x", "y"]] * 1000})
    assert coding.size(frame) >= 16 * 1000 + 16 * 2000


@pytest.mark.parametrize("on_disk", [False, True])
def test_searches_find_the_same_in_segments(tmp_path: Path, on_disk: bool) -> None:
    rows = coding.LEAST * 3
    raw = pl.Series([f"n={n} user=u{n % 7} size={n % 11}" for n in range(rows)])
    batch = frames.build(
        raw, pl.Series([1.7e9 + n for n in range(rows)]), host=pl.Series([f"h{n % 3}" for n in range(rows)]),
        source="s", sourcetype="st", index="main",
    )  # fmt: skip
    instance = Instance(tmp_path if on_disk else None)
    with instance.store:
        instance.store.create_index("main")
        instance.store.append(batch)
        instance.store.flush()
        for _ in range(3):  # what is read, everything, what is held
            for search, expected in (
                ("user=U3 | stats count", rows // 7 + 1),
                (
                    "host=h1 user!=u3 size>9 | stats count",
                    sum(n % 3 == 1 and n % 7 != 3 and n % 11 > 9 for n in range(rows)),
                ),
                ("user=u1 OR user=u2 | stats count", sum(n % 7 in (1, 2) for n in range(rows))),
                ("n=5 user=u5 | stats count", 1),
                ("date_hour=* host=h0 | stats count", rows // 3),
                ("| tstats count where index=main host=h2", rows // 3),
            ):
                assert instance.search(search).table.frame.item(0, "count") in (expected, str(expected)), search
        found = instance.search("user=u3 | head 1 | table host source sourcetype index user").table.frame
        assert set(found.dtypes) == {pl.String()}
        (segment,) = instance.store.segments()
        assert any(map(coding.is_coded, segment.coded.dtypes)) and not any(map(coding.is_coded, segment.frame.dtypes))
