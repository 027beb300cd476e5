"""The requests that contentctl's test_servers makes, in its order and spelling: set-up, one test, the integration part."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
import splunklib.client as client
import splunklib.results as results
from splunklib.binding import HTTPError

from caltrop.splunkd.server import Server
from tests.patience import until

from .conftest import PASSWORD, Raw

INDEX = "contentctl_testing_index"
TOKEN = "DETECTION_TESTING_HEC"


@pytest.fixture(scope="module")
def setup(server: Server) -> tuple[client.Service, str]:
    """Everything before the first test; the service it leaves and the token value."""
    service = client.connect(host="127.0.0.1", port=server.port, username="admin", password=PASSWORD)
    assert [m.name for m in service.messages.list()] == []
    cim = "/servicesNS/nobody/Splunk_SA_CIM"
    assert service.get(f"{cim}/configs/conf-datamodels").status == 200
    for model in ("Endpoint", "Network_Traffic", "Risk"):
        for key, value in (
            ("acceleration", "true"),
            ("acceleration.earliest_time", "-32d@d"),
            ("tags_whitelist", "a,b"),
        ):
            assert service.post(f"{cim}/properties/datamodels/{model}/{key}", value=value).status // 100 == 2
    for _ in range(2):
        try:
            service.post("/services/data/indexes/", name=INDEX)
        except HTTPError as error:
            assert b"already exists" in error.body
    names = [i.name for i in service.indexes.list(count=-1, offset=0)]
    assert {INDEX, "risk", "notable", "main"} <= set(names)
    suite = client.Application(service, "apps/local/SplunkEnterpriseSecuritySuite")
    assert int(suite["version"].split(".")[0]) < 8  # newer ones are asked for content versioning
    roles = {
        "imported_roles": ["user", "power", "can_delete", "ess_admin", "ess_analyst", "ess_user"],
        "srchIndexesAllowed": ";".join(names),
        "srchIndexesDefault": INDEX,
    }
    assert service.post("/services/authorization/roles/admin", **roles).status == 200
    assert service.roles["admin"]["srchIndexesAllowed"] == names
    assert (
        service.post("/services/properties/authorize/default/deleteIndexesAllowed", value=";".join(names)).status == 200
    )
    encoded = f"/servicesNS/nobody/splunk_httpinput/data/inputs/http/http%3A%252F%252F{TOKEN}"
    raw = Raw(server.port, {"Authorization": service.token})
    assert raw("GET", encoded).status == 404
    service.post("/services/data/inputs/http", name=TOKEN, index=INDEX, indexes=",".join(names), useACK=True)
    assert raw("GET", encoded).status == 200
    token = client.Entity(service, f"data/inputs/http/{TOKEN}")["token"]
    assert not service.restart_required
    return service, token


def send(server: Server, token: str, body: bytes, host: str) -> None:
    headers = {"Authorization": f"Splunk {token}", "X-Splunk-Request-Channel": str(uuid.uuid4())}
    ask = Raw(server.hec_port, headers)
    query = f"index={INDEX}&source=WinEventLog&sourcetype=test&host={host}"
    ack = ask("POST", f"/services/collector/raw?{query}", body).json()["ackId"]
    assert isinstance(ack, int)
    assert ask("POST", "/services/collector/ack", json.dumps({"acks": [ack]})).json() == {"acks": {str(ack): True}}


def read(stream: Any) -> list[dict[str, Any]]:
    return [r for r in results.JSONResultsReader(stream) if isinstance(r, dict)]


def test_one_detection(server: Server, setup: tuple[client.Service, str]) -> None:
    service, token = setup
    send(
        server,
        token,
        b"2024-01-01T00:00:00Z user=bob dest=srv\n2024-01-01T00:00:01Z user=eve dest=srv\n",
        "CONTENTCTL_HOST",
    )
    job = service.search(f"search index={INDEX} user=* | stats count by user dest", exec_mode="blocking")
    found = read(job.results(output_mode="json"))
    assert (job["resultCount"], [r["user"] for r in found]) == ("2", ["bob", "eve"])
    assert float(job["runDuration"]) >= 0
    deleted = service.search(f'search index="{INDEX}" host="CONTENTCTL_HOST" | delete', exec_mode="blocking")
    assert read(deleted.results(output_mode="json"))
    again = service.search(f"search index={INDEX} user=*", exec_mode="blocking")
    assert again["resultCount"] == "0"


def test_integration(server: Server, setup: tuple[client.Service, str]) -> None:
    service, token = setup
    name = "ESCU - Integration - Rule"
    service.post(
        "/servicesNS/nobody/search/saved/searches",
        name=name,
        search=f"index={INDEX} user=* | stats count by user",
        disabled=1,
        **{
            "action.risk": 1, "action.notable": 1, "action.notable.param.rule_title": "T", "action.notable.param.severity": "high",
            "action.risk.param._risk": json.dumps([{"risk_object_field": "user", "risk_object_type": "user", "risk_score": 25}]),
            "action.risk.param._risk_message": "$user$ did it",
            "action.correlationsearch.annotations": json.dumps({"analytic_story": ["S"], "mitre_attack": ["T1000"]}),
        },
    )  # fmt: skip
    send(server, token, b"2024-01-01T00:00:00Z user=bob\n", "H2")
    saved = service.saved_searches[name]
    assert saved.path.endswith(quote(name, safe="")) or saved.path.endswith(name)
    assert (int(saved["action.risk"]), int(saved["action.notable"])) == (1, 1)
    saved.update(**{"dispatch.earliest_time": "0", "dispatch.latest_time": "now", "cron_schedule": "0 0 1 1 *"})
    saved.enable()
    job = saved.dispatch(trigger_actions=True)
    until(lambda: job.refresh()["isDone"] == "1", "the end of the job")
    query = f'search index={{}} search_name="{name}" orig_sid="{job.sid}" | tojson'
    (risk,) = read(service.search(query.format("risk"), exec_mode="blocking").results(output_mode="json"))
    assert risk["index"] == "risk"
    event = json.loads(risk["_raw"])
    assert event["risk_object"] == "bob" and event["risk_message"] == "bob did it"
    assert event["annotations.mitre_attack"] == "T1000" and event["analyticstories"] == "S"
    assert int(event["risk_score"]) == 25
    assert event["contributing_events_search"] == f'| savedsearch "{name}" | search user="bob"'
    (notable,) = read(service.search(query.format("notable"), exec_mode="blocking").results(output_mode="json"))
    assert notable["index"] == "notable"
    in_model = f'datamodel Risk All_Risk flat | search search_name="{name}" orig_sid="{job.sid}" | tojson'
    modelled = read(service.search(in_model, exec_mode="blocking").results(output_mode="json"))
    assert [json.loads(r["_raw"])["index"] for r in modelled] == ["risk"]
    saved.disable()
    assert saved.refresh()["disabled"] == "1"
    gone = read(
        service.search(f'search index=risk search_name="{name}" | delete', exec_mode="blocking").results(
            output_mode="json"
        )
    )
    assert [(r["deleted"], r["errors"]) for r in gone if r["index"] == "risk"] == [("1", "0")]
