"""Documents of the KV store and lists of indexes, as their reference has them beside the simplest forms."""

from __future__ import annotations

from typing import Any

import pytest

from caltrop.splunkd.inprocess import Client

CONFIG = "/servicesNS/nobody/search/storage/collections/config"
DATA = "/servicesNS/nobody/search/storage/collections/data"


@pytest.fixture(scope="module", autouse=True)
def stored(admin: Client) -> None:
    assert admin.post(CONFIG, name="docs").status == 201
    given = [{"_key": str(n), "n": n, "o": {"x": {"y": n}, "z": 0}} for n in range(3)]
    assert admin.send(f"{DATA}/docs/batch_save", given).json() == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"query": {"n": {"$gt": 1}}, "fields": ["n"]}, [{"_key": "2", "n": 2}]),
        ({"fields": "n", "sort": [{"n": -1}], "limit": 1}, [{"_key": "2", "n": 2}]),
        ({"fields": {"n": 1, "_key": 0}, "sort": "n:-1", "skip": 2}, [{"n": 0}]),
        ({"fields": [{"n": True}], "sort": {"n": 1}, "limit": 1}, [{"_key": "0", "n": 0}]),
        ({"query": {"n": 1}, "fields": "o.x.y,o.nothing"}, [{"_key": "1", "o": {"x": {"y": 1}}}]),
    ],
)
def test_batch_find_takes_what_json_has(admin: Client, asked: dict[str, Any], found: list[dict[str, Any]]) -> None:
    assert admin.send(f"{DATA}/docs/batch_find", [asked]).json() == [found]


def test_values_that_are_not_of_their_type(admin: Client) -> None:
    types = {"field.n": "number", "field.b": "bool", "field.s": "string"}
    given = {"_key": "a", "n": "many", "b": "maybe", "s": 5, "free": {"x": 1}}
    for name, enforced in (("loose", "false"), ("strict", "true")):
        assert admin.post(CONFIG, {"name": name, "enforceTypes": enforced, **types}).status == 201
    assert admin.send(f"{DATA}/loose", given).status == 201
    assert admin.get(f"{DATA}/loose/a").json() == {"_key": "a", "s": "5", "free": {"x": 1}, "_user": "nobody"}
    answer = admin.send(f"{DATA}/strict", given)
    assert answer.status == 400 and "'n' is a number" in answer.text
    assert admin.get(f"{DATA}/strict").json() == []
    assert admin.send(f"{DATA}/strict", {"_key": "a", "n": "1.5", "b": "true"}).status == 201
    assert admin.get(f"{DATA}/strict/a").json() == {"_key": "a", "n": 1.5, "b": True, "_user": "nobody"}


def test_indexes_are_listed_by_what_they_hold(admin: Client) -> None:
    assert admin.post("data/indexes", name="measured", datatype="metric").status == 201
    assert "measured" not in admin.get("data/indexes", count=0).names
    assert admin.get("data/indexes", count=0, datatype="metric").names == ["measured"]
    assert {"measured", "main"} <= set(admin.get("data/indexes", count=0, datatype="all").names)
    assert admin.get("data/indexes/measured").content["datatype"] == "metric"
    assert admin.get("data/indexes", datatype="other").status == 400
    assert admin.delete("data/indexes/measured").status == 200


@pytest.mark.parametrize("path", ["apps/local/search", "server/settings/settings"])
def test_an_unknown_argument_is_refused_in_one_form(admin: Client, path: str) -> None:
    answer = admin.post(path, nosuch=1)
    assert answer.status == 400
    assert answer.messages == ['Argument "nosuch" is not supported by this handler.']


def test_nothing_listens_or_watches(admin: Client) -> None:
    for kind, name, what in (
        ("monitor", "/nowhere/at-all", "members"),
        ("tcp/raw", "9991", "connections"),
        ("tcp/cooked", "9992", "connections"),
    ):
        assert admin.post(f"data/inputs/{kind}", name=name).status == 201
        path = f"data/inputs/{kind}/{name.replace('/', '%2F')}"
        answer = admin.get(f"{path}/{what}")
        assert (answer.status, answer.names) == (200, []) and answer.json()["paging"]["total"] == 0
        assert admin.get(f"data/inputs/{kind}/other/{what}").status == 404
        assert admin.delete(path).status == 200
