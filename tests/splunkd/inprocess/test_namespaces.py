"""tscollect beside jobs and in namespaces: who may write, who sees what, and how long it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

from .conftest import search


@pytest.fixture(scope="module", autouse=True)
def _events(admin: Client) -> None:
    for index in ("seen", "unseen"):
        assert admin.post("data/indexes", name=index).status == 201
        for who in ("ann", "bob"):
            answer = admin.request(
                "POST", "receivers/simple", {"index": index, "host": f"h_{who}", "sourcetype": "st", "source": "s"},
                f"2023-11-14T22:00:00Z who={who}".encode(),
            )  # fmt: skip
            assert answer.status == 200


def dispatched(client: Client, text: str) -> str:
    """The sid of a finished job."""
    answer = client.post("search/jobs", search=text, exec_mode="blocking")
    assert answer.status == 201, answer.text
    return str(answer.json()["sid"])


def refusal(client: Client, text: str) -> str:
    """What a search that fails says."""
    sid = client.post("search/jobs", search=text, exec_mode="blocking").json()["sid"]
    content = client.get(f"search/jobs/{sid}").json()["entry"][0]["content"]
    assert content["isFailed"], content
    return json.dumps(content["messages"])


def test_a_job_keeps_what_it_collected_until_it_goes(admin: Client, daemon: Daemon) -> None:
    sid = dispatched(admin, "search index=seen | fields who host | tscollect")
    assert search(admin, f"| tstats count FROM sid={sid} BY who") == [
        {"who": "ann", "count": "1"},
        {"who": "bob", "count": "1"},
    ]
    assert admin.delete(f"search/jobs/{sid}").status == 200
    assert "there is no job" in refusal(admin, f"| tstats count FROM sid={sid}")
    assert daemon.state.instance.data_dir is not None
    assert not list(Path(daemon.state.instance.data_dir).rglob(f"{sid}/**/*.arrow"))


def test_a_job_that_collected_nothing_says_so(admin: Client) -> None:
    sid = dispatched(admin, "search index=seen | head 1")
    assert "has run no tscollect" in refusal(admin, f"| tstats count FROM sid={sid}")


def test_a_namespace_outlives_its_job_and_its_server(admin: Client, daemon: Daemon) -> None:
    sid = dispatched(admin, "search index=seen | fields who | tscollect namespace=lasting")
    admin.delete(f"search/jobs/{sid}")
    assert search(admin, "| tstats count FROM lasting WHERE who=ann") == [{"count": "1"}]
    assert daemon.state.instance.data_dir is not None
    folder = Path(daemon.state.instance.data_dir) / "tsidxstats" / "lasting"
    (part,) = folder.glob("*.arrow")
    part.write_bytes(part.read_bytes()[:40])
    assert "cannot be read" in refusal(admin, "| tstats count FROM lasting")


def test_collecting_takes_a_capability(someone: Callable[[str], Client], admin: Client) -> None:
    user = someone("user")
    assert "indexes_edit" in refusal(user, "| makeresults | tscollect namespace=mine")
    assert "there is no namespace 'mine'" in refusal(admin, "| tstats count FROM mine")


def test_the_job_of_another_is_none(someone: Callable[[str], Client], admin: Client) -> None:
    sid = dispatched(admin, "search index=seen | fields who | tscollect")
    assert "there is no job" in refusal(someone("user"), f"| tstats count FROM sid={sid}")


def test_rows_of_events_that_a_user_may_not_see_are_not_there(daemon: Daemon, admin: Client) -> None:
    dispatched(admin, "search index=seen OR index=unseen | fields who host index | tscollect namespace=both")
    dispatched(
        admin, "search index=seen OR index=unseen | stats values(index) AS index BY who | tscollect namespace=mixed"
    )
    assert search(admin, "| tstats count FROM both") == [{"count": "4"}]
    made = admin.post(
        "authorization/roles",
        name="narrow",
        srchFilter="host=h_ann",
        srchIndexesAllowed="seen",
        capabilities=["search"],
    )
    assert made.status == 201
    assert (
        admin.post("authorization/roles", name="one", srchIndexesAllowed="seen", capabilities=["search"]).status == 201
    )
    for role in ("narrow", "one"):
        daemon.state.accounts.set_user(f"n-{role}", password="secret", roles=[role])
    narrow, one = (Client(daemon).basic(f"n-{role}", "secret") for role in ("narrow", "one"))
    assert search(narrow, "| tstats count FROM both BY who index") == [{"who": "ann", "index": "seen", "count": "1"}]
    assert search(one, "| tstats count FROM both") == [{"count": "2"}]
    assert search(one, "| tstats count FROM mixed") == [{"count": "0"}]


def test_the_pivot_of_a_job_reads_what_it_collected(daemon: Daemon, admin: Client) -> None:
    """As an SDK accelerates one object of a model: a job of `tscollect`, and a pivot in its namespace."""
    model = {
        "modelName": "Quick",
        "objects": [
            {
                "objectName": "All", "parentName": "BaseEvent", "constraints": [{"search": "index=seen"}],
                "fields": [{"fieldName": "who", "type": "string"}], "calculations": [],
            }
        ],
    }  # fmt: skip
    assert admin.post("datamodel/model", {"name": "Quick", "eai:data": json.dumps(model)}).status == 201
    sid = dispatched(admin, '| datamodel "Quick" All search | tscollect')
    described = {
        "dataModel": "Quick", "baseClass": "All", "rows": [{"fieldName": "who", "type": "string", "owner": "All"}],
        "cells": [{"fieldName": "who", "value": "count", "label": "n", "owner": "All", "type": "string"}],
    }  # fmt: skip
    answer = admin.get("datamodel/pivot/Quick", namespace=f"sid={sid}", pivot_json=json.dumps(described))
    fast = answer.json()["entry"][0]["content"]["tstats_search"]
    assert "FROM sid=" in fast
    assert search(admin, fast) == [{"who": "ann", "n": "1"}, {"who": "bob", "n": "1"}]


@pytest.mark.parametrize("sid", [".", ".."])
def test_a_sid_is_the_name_of_a_folder(admin: Client, sid: str) -> None:
    assert admin.post("search/jobs", search="| makeresults", id=sid).status == 400
