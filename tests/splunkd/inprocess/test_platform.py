"""What a server that stands alone says where others play a role, what it tells of itself, and `admin/` names of handlers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.rest import collection


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("cluster/manager/info", 503, "Cluster manager is not enabled on this node"),
        ("cluster/master/peers/x", 503, "Cluster manager is not enabled on this node"),
        ("cluster/manager/ha_active_status", 503, "Cluster manager is not enabled."),
        ("cluster/peer/buckets", 503, "Cluster peer is not enabled on this node, check clustering stanza in server.conf"),
        ("cluster/searchhead/generation", 503, "Search head or cluster manager is not enabled on this node."),
        ("shcluster/captain/info", 503, "Search Head Clustering is not enabled on this node. REST endpoint is not available"),
        ("shcluster/member/consensus", 400, "Search Head Clustering is not enabled on this node. Raft REST endpoints are not available!"),
        ("replication/configuration/health", 400, "No local ConfRepo registered"),
    ],
)  # fmt: skip
def test_roles_that_this_server_does_not_play(admin: Client, path: str, status: int, text: str) -> None:
    answer = admin.get(path)
    assert (answer.status, answer.messages) == (status, [text])
    assert admin.post(path, x="1").status == status


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("server/introspection", ["indexer", "kvstore", "search"]),
        ("server/introspection/kvstore", ["collectionstats", "replicasetstats", "serverstatus"]),
        ("server/status/resource-usage", ["hostwide", "iostats", "splunk-processes"]),
        ("workloads/categories", ["ingest", "misc", "search"]),
        ("workloads/status", ["admission-control-status", "workload-management-status"]),
        ("search/distributed/config", ["distributedSearch"]),
        ("deployment/server/serverclasses", []),
        ("deployment/client/config", ["config"]),
        ("admin/SAML-auth", []),
    ],
)
def test_what_lies_where(admin: Client, path: str, names: list[str]) -> None:
    answer = admin.get(path)
    assert (answer.status, answer.names) == (200, names)


def test_what_is_told_of_searches_and_collections(admin: Client) -> None:
    assert len(admin.get("server/introspection/search/dispatch").names) == 4
    one = admin.get("server/introspection/search/dispatch/Search_StartUp_Time").content
    assert {"Search_StartUp_Time_Average_Time(ms)", "Search_StartUp_Time_Max_Time(ms)"} <= set(one)
    admin.post("/servicesNS/nobody/search/storage/collections/config", name="counted")
    admin.send("/servicesNS/nobody/search/storage/collections/data/counted/batch_save", [{"a": 1}, {"a": 2}])
    told = [json.loads(text) for text in admin.get("server/introspection/kvstore/collectionstats").content["data"]]
    assert [(one["ns"], one["count"]) for one in told if one["ns"] == "search.counted"] == [("search.counted", 2)]
    assert json.loads(admin.get("server/introspection/kvstore/serverstatus").content["data"])["ok"] == 1
    assert admin.get("server/status/limits/search-concurrency").content["max_hist_searches"] > 0
    assert {"adhoc_count", "incomple_size_mb", "top_users"} <= set(
        admin.get("server/status/dispatch-artifacts").content
    )


def test_what_a_licence_and_the_control_offer(admin: Client) -> None:
    peer = admin.get("licenser/localpeer").content
    assert peer["features"]["DistSearch"] == "ENABLED" and peer["license_keys"] == admin.get("licenser/licenses").names
    assert admin.get("licenser/peers").content["pool_ids"] == admin.get("licenser/pools").names
    assert set(admin.get("server/control").json()["links"]) == {"restart", "restart_webui"}
    assert admin.get("server/httpsettings/proxysettings").names == ["proxyConfig"]


# --- the release that is claimed ----------------------------------------------------------------------------------------


@pytest.fixture
def claiming(tmp_path: Path) -> Iterator[Callable[[str], Client]]:
    made = []

    def start(version: str) -> Client:
        made.append(Daemon(tmp_path / version, password="secret", addons=(), version=version))
        return Client(made[-1]).basic("admin", "secret")

    yield start
    for daemon in made:
        daemon.stop()


@pytest.mark.parametrize(
    ("version", "export", "v2", "manager"),
    [
        ("10.6", 405, 200, 503),
        ("10.4.2", 405, 200, 503),
        ("9.4", 200, 200, 503),
        ("9.0", 200, 404, 503),
        ("8.2.12", 200, 404, 404),
    ],
)
def test_what_a_release_has(
    claiming: Callable[[str], Client], version: str, export: int, v2: int, manager: int
) -> None:
    admin = claiming(version)
    assert admin.get("server/info").content["version"] == version
    assert admin.get("search/jobs/export", search="| makeresults").status == export
    assert admin.post("search/jobs/export", search="| makeresults").status == 200
    assert admin.get("search/v2/jobs").status == v2
    assert admin.get("cluster/manager/info").status == manager
    assert admin.get("cluster/master/info").status == 503
    assert admin.get("search/timeparser", {"time": ["now", "@d"]}).status == (200 if version == "10.6" else 400)
    if v2 == 404:
        assert admin.get("search/v2/jobs").messages == ["Unknown endpoint."]


# --- admin/<handler> --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("savedsearch", "saved/searches"), ("transforms-lookup", "data/transforms/lookups"), ("users", "authentication/users"),
        ("localapps", "apps/local"), ("conf-macros", "configs/conf-macros"), ("indexes", "data/indexes"), ("raw", "data/inputs/tcp/raw"),
        ("server-info", "server/info"), ("workflow-actions", "data/ui/workflow-actions"), ("datamodelmodel", "datamodel/model"),
    ],
)  # fmt: skip
def test_a_handler_answers_under_its_name(admin: Client, name: str, path: str) -> None:
    under, usual = admin.get(f"admin/{name}", count=0), admin.get(path, count=0)
    assert under.status == usual.status == 200
    assert under.names == usual.names


def test_objects_are_made_and_removed_under_the_name_of_a_handler(admin: Client) -> None:
    assert (
        admin.post("/servicesNS/nobody/search/admin/savedsearch", name="by handler", search="| makeresults").status
        == 201
    )
    entry = admin.get("/servicesNS/nobody/search/admin/savedsearch/by%20handler").entries[0]
    assert entry["id"].endswith("/admin/savedsearch/by%20handler")
    assert admin.get("/servicesNS/nobody/search/saved/searches/by%20handler").status == 200
    assert admin.delete("/servicesNS/nobody/search/admin/savedsearch/by%20handler").status == 200
    assert admin.get("/servicesNS/nobody/search/saved/searches/by%20handler").status == 404
    assert admin.get("admin/nosuchhandler").status == 404


def test_rights_are_those_of_the_path() -> None:
    for name, cls in collection.by_handler().items():
        (path,) = [p for p, c in collection.collections.items() if c.path == p and c in cls.__bases__]
        assert cls.rights == (collection.collections[path].rights or path), name
