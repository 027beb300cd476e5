"""Arguments, names, bodies and queries, each by itself."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from caltrop.splunkd.rest import queries as documents
from caltrop.splunkd.wire import asgi
from caltrop.splunkd.wire.http import ApiError, Args, names_of

MOST = 2_000_000


def test_a_gzip_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    assert asgi.inflate(bomb, MOST) == b"0" * 1_000_000
    with pytest.raises(ApiError) as caught:
        asgi.inflate(bomb, 1000)
    assert caught.value.status == 413
    with pytest.raises(ApiError) as caught:
        asgi.inflate(gzip.compress(b"0" * 600) + gzip.compress(b"0" * 600), 1000)
    assert caught.value.status == 413
    with pytest.raises(ApiError) as caught:
        asgi.inflate(gzip.compress(b"") * (asgi.MAX_MEMBERS + 1), MOST)
    assert caught.value.status == 413
    assert asgi.inflate(gzip.compress(b"one, ") + gzip.compress(b"two"), 8) == b"one, two"
    for damaged in (b"not gzip", bomb[:-10], b"", bomb + b"rest"):
        with pytest.raises(ApiError) as caught:
            asgi.inflate(damaged, MOST)
        assert caught.value.status == 400


@pytest.mark.parametrize(
    ("segment", "names"),
    [
        ("plain", ["plain"]),
        ("a%20b", ["a b"]),
        ("a+b", ["a b", "a+b"]),
        ("http%3A%252F%252Fx", ["http:%2F%2Fx", "http://x"]),
        ("http%3A%2F%2Fx", ["http://x"]),
    ],
)
def test_names_in_paths(segment: str, names: list[str]) -> None:
    assert names_of(segment) == names


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({}, "abcd"),
        ({"n": 1}, "a"),
        ({"n": {"$gt": 1}}, "bc"),
        ({"n": {"$gte": 1, "$lt": 3}}, "ab"),
        ({"n": {"$ne": 1}}, "bcd"),
        ({"$or": [{"n": 1}, {"t": "x"}]}, "ad"),
        ({"$and": [{"n": {"$gt": 1}}, {"n": {"$lt": 3}}]}, "b"),
        ({"$not": {"n": 1}}, "bcd"),
        ({"n": {"$in": [2, 3]}}, "bc"),
        ({"t": {"$regex": "^X|x$"}}, "d"),
        ({"o.p": 5}, "c"),
        ({"list": "v"}, "b"),
    ],
)
def test_queries(query: dict[str, object], keys: str) -> None:
    stored: list[dict[str, Any]] = [
        {"_key": "a", "n": 1},
        {"_key": "b", "n": 2, "list": ["u", "v"]},
        {"_key": "c", "n": 3, "o": {"p": 5}},
        {"_key": "d", "t": "x"},
    ]
    assert "".join(d["_key"] for d in stored if documents.matches(d, query)) == keys


@pytest.mark.parametrize(
    "query", [[], "x", {"$where": "1"}, {"n": {"$explode": 1}}, {"$or": []}, {"t": {"$in": 1}}, {"t": {"$regex": "("}}]
)
def test_queries_that_cannot_be(query: object) -> None:
    with pytest.raises(ApiError) as caught:
        documents.matches({"t": "x", "n": 1}, query)
    assert caught.value.status == 400


def test_arguments() -> None:
    args = Args([("a", "1"), ("a", "2"), ("b", "no")])
    assert (args.get("a"), args.all("a"), args.flag("b"), args.integer("a", 0), args.maybe("c")) == (
        "2",
        ["1", "2"],
        False,
        2,
        None,
    )
    for ask in (lambda: args.integer("b", 0), lambda: args.required("c"), lambda: Args([("x", "maybe")]).flag("x")):
        with pytest.raises(ApiError):
            ask()
