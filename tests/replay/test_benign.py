"""What to tune on: fields whose values benign and malicious rows do not share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from caltrop.replay import benign
from caltrop.replay.target import Row

HITS: list[Row] = [{"user": "ann", "host": "a", "path": "x"}, {"user": "bob", "host": "b", "path": "y"}]


def test_the_field_with_fewest_values_comes_first() -> None:
    rows: list[Row] = [{"user": "svc", "host": "c", "path": "x"}, {"user": "svc", "host": "d", "path": "y"}]
    found = benign.telling(rows, HITS)
    assert [one.fields for one in found] == [("user",), ("host",)]
    assert found[0].macro == 'search NOT user IN ("svc")'
    assert benign.sentence(found[0]) == "`user`: benign svc, malicious ann, bob"


def test_a_pair_tells_where_no_field_does() -> None:
    found = benign.telling([{"user": "ann", "host": "b"}], HITS)
    assert found[0].fields == ("user", "host")
    assert found[0].macro == 'search NOT ((user="ann" host="b"))'


def test_what_cannot_be_tuned_on_is_left_out() -> None:
    rows: list[Row] = [{"_time": "1", "firstTime": "2", "count": "3", "many": ["a", "b"], "star": "a*", "a b": "x"}]
    assert benign.telling(rows, []) == []


def test_case_does_not_tell() -> None:
    assert benign.telling([{"user": "ANN"}], [{"user": "ann"}]) == []


def test_a_row_is_told_in_one_line() -> None:
    assert benign.told({"_time": "1", "user": "ann", "many": ["a", "b"], "long": "x" * 400}).endswith("…")
    assert benign.told({"user": "ann", "many": ["a", "b"]}) == "user=ann many=a b"


ROWS = st.lists(
    st.fixed_dictionaries({name: st.sampled_from("abcd") for name in ("user", "host", "path")}), min_size=1, max_size=6
)


@given(ROWS, ROWS)
def test_no_value_of_a_telling_field_is_in_a_malicious_row(mine: list[Row], theirs: list[Row]) -> None:
    for one in benign.telling(mine, theirs):
        assert all(tuple(row[name] for name in one.fields) in one.benign for row in mine)
        assert not any(tuple(row[name] for name in one.fields) in one.benign for row in theirs)
