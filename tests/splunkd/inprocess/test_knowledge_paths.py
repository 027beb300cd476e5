"""Knowledge by the paths that web clients use: parts of props.conf, tags, files of views, data models, the platform around."""

from __future__ import annotations

import json
from typing import Any

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client

from .conftest import Clock, search

MODEL: dict[str, Any] = {
    "displayName": "Made", "description": "by REST",
    "objects": [{"objectName": "Root", "parentName": "BaseEvent", "constraints": [{"search": "index=main sourcetype=made"}],
                 "fields": [{"fieldName": "size"}], "calculations": []}],
}  # fmt: skip


def test_a_data_model_from_beginning_to_end(admin: Client) -> None:
    base = "/servicesNS/nobody/search/datamodel/model"
    made = admin.post(base, {"name": "Made", "eai:data": json.dumps(MODEL)})
    assert made.status == 201 and json.loads(made.content["description"])["modelName"] == "Made"
    assert json.loads(made.content["acceleration"])["enabled"] is False
    assert admin.post(base, {"name": "Made", "eai:data": "{}"}).status == 409
    admin.request("POST", "receivers/simple", {"index": "main", "sourcetype": "made"}, b"size=5")
    assert search(admin, "| tstats count from datamodel=Made.Root") == [{"count": "1"}]
    told = admin.post(f"{base}/Made", acceleration=json.dumps({"enabled": True, "earliest_time": "-1mon"})).content
    assert json.loads(told["acceleration"]) == {
        "enabled": True,
        "earliest_time": "-1mon",
        "cron_schedule": "*/5 * * * *",
    }
    assert admin.get("/servicesNS/nobody/search/datamodel/acceleration").names == ["Made"]
    pivot = admin.get(
        "/servicesNS/nobody/search/datamodel/pivot/Made", pivot_search="pivot Made Root count(Root) AS n"
    ).content
    assert search(admin, pivot["search"]) == [{"n": "1"}]
    for wrong in ("[]", "{", '{"objects": 1}'):
        assert admin.post(f"{base}/Made", {"eai:data": wrong}).status == 400
    assert admin.post(f"{base}/Made", acceleration="[").status == 400
    assert admin.post(base, {"name": "../up", "eai:data": "{}"}).status == 400
    assert admin.delete(f"{base}/Made").status == 200
    assert admin.get(f"{base}/Made").status == 404


DEEP: dict[str, Any] = {
    "displayName": "", "description": "Æ",
    "objects": [
        {"objectName": "All", "displayName": "Everything", "parentName": "BaseEvent", "constraints": [{"search": "index=main sourcetype=deep"}],
         "fields": [{"fieldName": "user"}, {"fieldName": "size", "type": "number"}], "calculations": [
            {"calculationType": "Lookup", "lookupName": "dnslookup", "inputField": "host", "lookupField": "clienthost",
             "outputFields": [{"fieldName": "name", "lookupOutputFieldName": "clientip"}]},
            {"calculationType": "Eval", "expression": "size > 3", "outputFields": [{"fieldName": "big", "type": "boolean"}]}]},
        {"objectName": "Big", "parentName": "All", "constraints": [{"search": "size>3"}], "fields": [], "calculations": []},
        {"objectName": "Whole", "parentName": "BaseSearch", "baseSearch": "index=main | head 3", "fields": [{"fieldName": "x"}]},
        {"objectName": "Round", "parentName": "Round"},
    ],
}  # fmt: skip


def test_a_data_model_is_told_with_what_it_inherits(admin: Client) -> None:
    base = "/servicesNS/nobody/search/datamodel/model"
    made = json.loads(admin.post(base, {"name": "Deep", "description": json.dumps(DEEP)}).content["description"])
    assert (made["displayName"], made["description"], made["objectNameList"]) == (
        "",
        "Æ",
        ["All", "Big", "Whole", "Round"],
    )
    assert made["objectSummary"]["Event-Based"] == 2 and made["objectSummary"]["Search-Based"] == 1
    everything, big, whole, alone = made["objects"]
    assert [(f["fieldName"], f["owner"]) for f in everything["fields"]] == [
        ("_time", "BaseEvent"), ("host", "BaseEvent"), ("source", "BaseEvent"), ("sourcetype", "BaseEvent"), ("user", "All"),
        ("size", "All"), ("All", "All"),
    ]  # fmt: skip
    assert (big["lineage"], big["displayName"], big["fields"][-1]["type"]) == ("All.Big", "Big", "objectCount")
    assert {f["fieldName"]: f["owner"] for f in big["fields"]}["size"] == "All" and "All" not in [
        f["fieldName"] for f in big["fields"]
    ]
    assert big["constraints"] == [
        {"owner": "All", "search": "index=main sourcetype=deep"},
        {"owner": "All.Big", "search": "size>3"},
    ]
    lookup, evaluated = big["calculations"]
    assert lookup["lookupInputs"] == [{"inputField": "host", "lookupField": "clienthost"}] and lookup["owner"] == "All"
    assert evaluated["outputFields"][0]["displayName"] == "big" and len(evaluated["calculationID"]) == 40
    assert big["previewSearch"] == (
        '| search (index=main sourcetype=deep)   (size>3) | lookup dnslookup clienthost AS host OUTPUT clientip AS name | eval "big"=size > 3'
    )
    assert (whole["baseSearch"], whole["previewSearch"], alone["lineage"]) == (
        "index=main | head 3",
        "| search index=main | head 3",
        "Round",
    )
    assert admin.delete(f"{base}/Deep").status == 200


def test_a_file_that_is_no_model_hides_no_other(admin: Client, daemon: Daemon) -> None:
    folder = daemon.state.config.app_path("search") / "local" / "data" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Broken.json").write_text("{")
    daemon.state.config.reload()
    assert "internal_audit_logs" in admin.get("datamodel/model", count=0).names
    assert admin.get("datamodel/model/Broken").status == 400
    (folder / "Broken.json").unlink()
    daemon.state.config.reload()


PIVOT: dict[str, Any] = {
    "dataModel": "Pivoted", "baseClass": "All", "rows": [{"fieldName": "user", "label": "Who"}], "columns": [], "filters": [],
    "cells": [{"fieldName": "All", "label": "n", "value": "count"}, {"fieldName": "size", "label": "mean", "value": "average"}],
}  # fmt: skip


def pivoted(admin: Client, **changed: Any) -> Any:
    text = json.dumps(PIVOT | {k: v for k, v in changed.items() if k != "namespace"})
    steer = {"namespace": changed["namespace"]} if "namespace" in changed else {}
    return admin.get("/servicesNS/nobody/search/datamodel/pivot/Pivoted", pivot_json=text, **steer)


def test_a_pivot_described_in_json(admin: Client) -> None:
    base = "/servicesNS/nobody/search/datamodel/model"
    model = json.dumps(DEEP | {"objects": DEEP["objects"][:2]})
    assert admin.post(base, {"name": "Pivoted", "description": model}).status == 201
    for number, user in enumerate(("ann", "bob", "ann")):
        body = f"user={user} size={number * 5}".encode()
        admin.request("POST", "receivers/simple", {"index": "main", "sourcetype": "deep"}, body)
    expected = [{"Who": "ann", "n": "2", "mean": "5"}, {"Who": "bob", "n": "1", "mean": "5"}]
    told = pivoted(admin).content
    assert "tstats_search" not in told and search(admin, told["pivot_search"]) == expected
    fast = pivoted(admin, namespace="Pivoted").content["tstats_search"]
    assert fast.startswith("| tstats ") and search(admin, fast) == expected
    some = pivoted(
        admin,
        filters=[
            {"fieldName": "user", "rule": {"comparator": "startsWith", "compareTo": "a"}},
            {"fieldName": "size", "rule": {"comparator": ">=", "compareTo": 5}},
            {
                "fieldName": "user",
                "limitType": "highest",
                "limitAmount": 1,
                "statsFn": "count",
                "attributeName": "user",
            },
        ],
        namespace="Pivoted",
    ).content
    assert "tstats_search" not in some and search(admin, some["search"]) == [{"Who": "ann", "n": "1", "mean": "10"}]
    split = pivoted(
        admin, cells=[], columns=[{"fieldName": "size", "ranges": {"start": 0, "end": 20, "size": 10}}]
    ).content
    assert search(admin, split["search"]) == [{"Who": "ann", "0-10": "1", "10-20": "1"}, {"Who": "bob", "0-10": "1"}]
    refused: list[tuple[dict[str, Any], str]] = [
        ({"cells": [], "rows": []}, "Must have non-empty cells or non-empty rows."),
        ({"rows": [{}]}, "rows"),
        ({"baseClass": "Gone"}, "no dataset"),
        ({"baseClass": ""}, "baseClass"),
    ]
    for wrong, said in refused:
        answer = pivoted(admin, **wrong)
        assert answer.status == 400 and said in answer.messages[0]
    assert admin.get("/servicesNS/nobody/search/datamodel/pivot/Pivoted", pivot_json="{").status == 400
    assert admin.delete(f"{base}/Pivoted").status == 200


@pytest.mark.parametrize(
    ("kind", "arguments", "name", "value"),
    [
        ("extractions", {"name": "size", "value": "(?<size>\\d+) bytes"}, "made : EXTRACT-size", "(?<size>\\d+) bytes"),
        ("extractions", {"name": "t", "type": "REPORT", "value": "some_transform"}, "made : REPORT-t", "some_transform"),
        ("calcfields", {"name": "double", "value": "size*2"}, "made : EVAL-double", "size*2"),
        ("fieldaliases", {"name": "a", "alias.size": "bytes"}, "made : FIELDALIAS-a", "size AS bytes"),
        ("lookups", {"name": "l", "transform": "users", "lookup.field.input.user": "", "lookup.field.output.mail": "email"},
         "made : LOOKUP-l", "users user OUTPUT mail AS email"),
    ],
)  # fmt: skip
def test_parts_of_props(admin: Client, kind: str, arguments: dict[str, str], name: str, value: str) -> None:
    base = f"/servicesNS/nobody/search/data/props/{kind}"
    made = admin.post(base, {"stanza": "made", **arguments})
    assert (made.status, made.names, made.content["value"]) == (201, [name], value)
    assert admin.get(f"{base}/{name}".replace(" ", "%20")).content["stanza"] == "made"
    assert name in admin.get(base, count=0).names
    assert admin.post(base, {"stanza": "made", **arguments}).status == 409
    if "value" in arguments:
        assert admin.post(f"{base}/{name}".replace(" ", "%20"), value="x").content["value"] == "x"
    assert admin.delete(f"{base}/{name}".replace(" ", "%20")).status == 200
    assert name not in admin.get(base, count=0).names


def test_a_part_takes_effect(admin: Client) -> None:
    admin.post("/servicesNS/nobody/search/data/props/calcfields", name="twice", stanza="parted", value="n*2")
    admin.request("POST", "receivers/simple", {"index": "main", "sourcetype": "parted"}, b"n=4")
    assert search(admin, "search sourcetype=parted | table twice") == [{"twice": "8"}]


def test_tags_of_a_value(admin: Client) -> None:
    base = "/servicesNS/nobody/search/saved/fvtags"
    assert admin.post(base, name="host=tagged", add="one, two").content["tags"] == ["one", "two"]
    assert admin.post(f"{base}/host=tagged", delete="one").content["tags"] == ["two"]
    assert admin.post(base, name="nothing", add="x").status == 400
    assert admin.delete(f"{base}/host=tagged").status == 200
    assert "host=tagged" not in admin.get(base, count=0).names


@pytest.mark.parametrize("kind", ["views", "nav", "panels"])
def test_files_of_views(admin: Client, kind: str, daemon: Daemon) -> None:
    base = f"/servicesNS/nobody/search/data/ui/{kind}"
    made = admin.post(base, {"name": "mine", "eai:data": "<dashboard><label>My page</label></dashboard>"})
    assert (made.status, made.content["label"], made.content["rootNode"]) == (201, "My page", "dashboard")
    assert admin.post(f"{base}/mine", {"eai:data": "<form/>"}).content["rootNode"] == "form"
    assert "mine" in admin.get("/servicesNS/-/-/data/ui/" + kind, count=0).names
    for wrong in ("<a>", "", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"):
        assert admin.post(f"{base}/mine", {"eai:data": wrong}).status == 400
    assert admin.post(base, {"name": "../up", "eai:data": "<a/>"}).status == 400
    daemon.state.accounts.set_user("viewer", password="secret", roles=["user"])
    viewer = Client(daemon).basic("viewer", "secret")
    assert viewer.post(base, {"name": "no", "eai:data": "<a/>"}).status == 403
    assert viewer.delete(f"{base}/mine").status == 403
    assert admin.delete(f"{base}/mine").status == 200
    assert admin.get(f"{base}/mine").status == 404


def test_a_saved_search_is_moved_embedded_and_run_once_more(daemon: Daemon, admin: Client, clock: Clock) -> None:
    admin.post("/servicesNS/nobody/search/saved/searches", name="again", search="| makeresults", is_scheduled=1, cron_schedule="0 0 1 1 *")  # fmt: skip
    base = "/servicesNS/nobody/search/saved/searches/again"
    daemon.searching.scheduler.run_due(clock.now)
    assert admin.post(f"{base}/reschedule", schedule_time="+30s").status == 200
    assert daemon.searching.scheduler.run_due(clock.now) == []
    clock.now += 31
    assert [job.spec.label for job in daemon.searching.scheduler.run_due(clock.now)] == ["again"]
    assert daemon.searching.scheduler.run_due(clock.now + 1) == []
    assert admin.post(f"{base}/embed").content["embed.enabled"] in (True, "1")
    assert admin.post(f"{base}/unembed").content["embed.enabled"] in (False, "0")
    moved = admin.post(
        f"{base}/move", app="launcher" if "launcher" in daemon.state.config.apps() else "splunk_httpinput"
    )
    assert moved.status == 200 and moved.entries[0]["acl"]["app"] != "search"
    assert admin.post("/servicesNS/nobody/search/saved/searches", name="once", search="| makeresults").status == 201
    assert admin.post("/servicesNS/nobody/search/saved/searches/once/reschedule").status == 400


def test_summary_and_timeline_as_json(admin: Client) -> None:
    admin.request("POST", "receivers/simple", {"index": "main", "sourcetype": "lined"}, b"2023-11-14T22:00:00Z n=3")
    sid = admin.post("search/jobs", search="search sourcetype=lined", exec_mode="blocking", status_buckets=10).json()[
        "sid"
    ]
    told = admin.get(f"search/jobs/{sid}/summary").json()
    assert told["event_count"] == 1 and told["fields"]["n"]["modes"] == [{"value": "3", "count": 1, "is_exact": True}]
    line = admin.get(f"search/jobs/{sid}/timeline").json()
    assert (line["event_count"], line["buckets"][0]["total_count"], line["buckets"][0]["duration"]) == (1, 1, 0.001)


PLATFORM = [
    "licenser/groups", "licenser/stacks", "licenser/pools", "licenser/localpeer", "licenser/peers", "licenser/usage",
    "cluster/config", "shcluster/config", "server/health/splunkd/details", "server/introspection", "server/introspection/indexer",
    "server/introspection/search/dispatch", "server/status/resource-usage/hostwide", "server/status/partitions-space",
    "server/status/resource-usage/splunk-processes", "server/status/limits/search-concurrency", "configs/conf-server/general",
    "configs/conf-web/settings",
]  # fmt: skip


@pytest.mark.parametrize("path", PLATFORM)
def test_the_platform_around_is_told(admin: Client, path: str) -> None:
    answer = admin.get(path)
    assert answer.status == 200 and answer.entries
    assert admin.post(path, name="x").status in {400, 403, 404, 405, 201, 200}


@pytest.mark.parametrize(
    "path", ["licenser/messages", "search/distributed/peers", "deployment/server/clients", "workloads/pools"]
)
def test_what_a_server_that_stands_alone_lacks(admin: Client, path: str) -> None:
    assert admin.get(path).entries == []


def test_health_turns_red_where_an_index_is_damaged(daemon: Daemon, admin: Client) -> None:
    assert admin.get("server/health/splunkd/details").content["health"] in {"green", "yellow"}
    bucket = daemon.state.store._buckets["main"]
    bucket.problems.append("damaged")
    try:
        assert admin.get("server/health/splunkd/details").content["health"] == "red"
    finally:
        bucket.problems.clear()


@pytest.mark.parametrize(
    ("path", "form"),
    [("admin/macros", {"definition": "x"}), ("saved/eventtypes", {"search": "x"}), ("data/indexes", {})],
)
def test_an_argument_that_a_form_does_not_have(admin: Client, path: str, form: dict[str, str]) -> None:
    answer = admin.post(path, {"name": "strict", **form, "nonsense": "1"})
    assert answer.status == 400 and "nonsense" in answer.messages[0]


def test_the_openapi_description_names_every_path(admin: Client) -> None:
    told = admin.get("openapi").json()
    assert told["openapi"].startswith("3.") and told["info"]["version"]
    assert set(told["paths"]["/services/saved/searches/{name}"]) == {"get", "post", "delete"}
    form = told["paths"]["/services/saved/searches"]["post"]["requestBody"]["content"]
    assert set(form["application/x-www-form-urlencoded"]["schema"]["required"]) == {"name", "search"}
    assert "/services/search/jobs/{name}/results" in told["paths"]
    for path, operations in told["paths"].items():
        for operation in operations.values():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == ({"name"} if "{name}" in path else set()) and operation["responses"]
