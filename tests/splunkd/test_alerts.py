"""Saved searches that alert: conditions, throttling, risk events, notables, summaries, and the scheduler on a pinned clock."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import splunklib.client as client
import splunklib.results as results

from tests.patience import until

RISK = [
    {"risk_object_field": "user", "risk_object_type": "user", "risk_score": 63},
    {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": "$score$"},
    {"threat_object_field": "process", "threat_object_type": "process_name"},
]
ANNOTATIONS = {
    "analytic_story": ["A Story"],
    "mitre_attack": ["T1047", "T1059"],
    "nist": ["DE.CM"],
    "impact": 90,
    "cve": [],
}


def rows(stream: object) -> list[dict[str, Any]]:
    return [r for r in results.JSONResultsReader(stream) if isinstance(r, dict)]


def wait(job: client.Job) -> client.Job:
    until(job.is_done, "the end of the job")
    return job


@pytest.fixture
def alert(service: client.Service) -> Iterator[Callable[..., client.SavedSearch]]:
    made: list[str] = []

    def make(search: str, **settings: str) -> client.SavedSearch:
        made.append(f"ESCU - Alert {uuid.uuid4().hex[:8]} - Rule")
        return service.saved_searches.create(made[-1], search, **settings)

    yield make
    for name in made:
        service.saved_searches.delete(name)


RESULT = (
    '| makeresults count=2 | streamstats count as n | eval user="u".n, dest=split("a,b", ","), score=5, '
    'process="p \\"x\\" \\\\ y.exe", host="orig", empty=null(), cmd="a=b, c=d" '
)


def test_risk_events(service: client.Service, alert: Callable[..., client.SavedSearch]) -> None:
    search = alert(RESULT, **{
        "action.risk": "1", "action.risk.param._risk": json.dumps(RISK), "description": "What it does",
        "action.risk.param._risk_message": "$user$ ran $process$ on $dest$ and $missing$",
        "action.correlationsearch.annotations": json.dumps(ANNOTATIONS),
        "counttype": "number of events", "relation": "greater than", "quantity": "0",
    })  # fmt: skip
    assert search["action.risk"] == "1"
    job = wait(search.dispatch(trigger_actions=True))
    found = rows(
        service.jobs.oneshot(
            f'search index=risk orig_sid="{job.sid}" search_name="{search.name}" | sort orig_rid', output_mode="json"
        )
    )
    assert [(r["orig_rid"], r["risk_object"], r["risk_object_type"], r["risk_score"]) for r in found] != []
    assert sorted((r["orig_rid"], r["risk_object"], r["risk_object_type"], r["risk_score"]) for r in found) == sorted(
        (str(n), value, kind, score)
        for n, user in enumerate(["u1", "u2"])
        for value, kind, score in [(user, "user", "63"), ("a", "system", "5"), ("b", "system", "5")]
    )
    event = next(r for r in found if r["risk_object"] == "u1")
    expected = {
        "index": "risk", "source": search.name, "sourcetype": "stash", "search_name": search.name, "orig_host": "orig",
        "risk_message": 'u1 ran p "x" \\ y.exe on a, b and $missing$', "threat_object": 'p "x" \\ y.exe',
        "threat_object_type": "process_name", "analyticstories": "A Story", "savedsearch_description": "What it does",
        "annotations.mitre_attack": ["T1047", "T1059"], "annotations.nist": "DE.CM", "dest": ["a", "b"], "cmd": "a=b, c=d",
        "contributing_events_search": f'| savedsearch "{search.name}" | search user="u1"', "info_min_time": "0.000",
    }  # fmt: skip
    assert {key: event.get(key) for key in expected} == expected
    assert json.loads(event["annotations"])["impact"] == 90
    assert {"a", "c", "annotations_nist", "empty", "annotations.cve"}.isdisjoint(event)
    as_json = rows(service.jobs.oneshot(f'search index=risk orig_sid="{job.sid}" | tojson', output_mode="json"))
    assert json.loads(as_json[0]["_raw"])["annotations.mitre_attack"] == ["T1047", "T1059"]


def test_notables(service: client.Service, alert: Callable[..., client.SavedSearch]) -> None:
    search = alert(RESULT, **{
        "action.notable": "1", "action.notable.param.rule_title": "Title of $user$", "action.notable.param.severity": "high",
        "action.notable.param.security_domain": "endpoint", "action.notable.param.drilldown_search": "x=$info_search_time$",
    })  # fmt: skip
    job = wait(search.dispatch(trigger_actions=True))
    found = rows(service.jobs.oneshot(f'search index=notable orig_sid="{job.sid}"', output_mode="json"))
    assert sorted(r["rule_title"] for r in found) == ["Title of u1", "Title of u2"]
    assert {(r["severity"], r["security_domain"], r["rule_name"]) for r in found} == {("high", "endpoint", search.name)}
    assert len({r["event_id"] for r in found}) == 2
    assert "$" not in found[0]["drilldown_search"]
    assert rows(service.jobs.oneshot(f'search index=risk orig_sid="{job.sid}"', output_mode="json")) == []


def test_no_actions_unless_asked(service: client.Service, alert: Callable[..., client.SavedSearch]) -> None:
    search = alert(RESULT, **{"action.risk": "1", "action.risk.param._risk": json.dumps(RISK)})
    job = wait(search.dispatch())
    assert rows(service.jobs.oneshot(f'search index=risk orig_sid="{job.sid}"', output_mode="json")) == []


def test_summary_index(service: client.Service, alert: Callable[..., client.SavedSearch]) -> None:
    search = alert('| makeresults | eval _time=1700000000, risk_object="srv", risk_score=7', **{
        "action.summary_index": "1", "action.summary_index._name": "risk", "action.summary_index.story": "S",
    })  # fmt: skip
    job = wait(search.dispatch(trigger_actions=True))
    assert job["isDone"] == "1"
    found = rows(service.jobs.oneshot(f'search index=risk source="{search.name}"', output_mode="json"))
    assert len(found) == 1
    assert (found[0]["risk_object"], found[0]["risk_score"], found[0]["story"]) == ("srv", "7", "S")
    assert found[0]["_time"] == "2023-11-14T22:13:20.000+00:00"


def test_a_bad_action_leaves_the_others(service: client.Service, alert: Callable[..., client.SavedSearch]) -> None:
    search = alert(RESULT, **{"action.risk": "1", "action.risk.param._risk": "[not json", "action.notable": "1"})
    job = wait(search.dispatch(trigger_actions=True))
    assert job["dispatchState"] == "DONE"
    assert len(rows(service.jobs.oneshot(f'search index=notable orig_sid="{job.sid}"', output_mode="json"))) == 2
    log = rows(
        service.jobs.oneshot(f'search index=_internal component=AlertActions ERROR "{job.sid}"', output_mode="json")
    )
    assert "is not JSON" in log[0]["_raw"]


SCRIPT = """
import json, pathlib, ssl, sys, urllib.request
payload = json.load(sys.stdin)
assert sys.argv[1:] == ["--execute"]
if payload["configuration"].get("fail"):
    sys.exit("it broke")
asked = urllib.request.Request(payload["server_uri"] + "/services/server/info?output_mode=json")
asked.add_header("Authorization", "Splunk " + payload["session_key"])
with urllib.request.urlopen(asked, context=ssl._create_unverified_context()) as answer:
    payload["state"] = json.loads(answer.read())["entry"][0]["content"]["licenseState"]
pathlib.Path(payload["configuration"]["out"]).write_text(json.dumps(payload))
"""


def test_an_action_that_an_app_brings(
    service: client.Service, alert: Callable[..., client.SavedSearch], tmp_path: Path
) -> None:
    app, out = tmp_path / f"app_{uuid.uuid4().hex[:8]}", tmp_path / "out.json"
    for path, text in {
        "default/app.conf": "[launcher]\nversion = 1\n",
        "default/alert_actions.conf": "[act]\nis_custom = 1\npayload_format = json\nparam.kept = shipped\n"
        "[old]\nis_custom = 1\n[lost]\nis_custom = 1\npayload_format = json\nalert.execute.cmd = ../x.py\n",
        "metadata/default.meta": "[]\nexport = system\n",
        "bin/act.py": SCRIPT,
    }.items():
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).write_text(text)
    service.post("apps/local", name=str(app), filename=True)
    params = {"action.act": "1", "action.act.param.out": str(out), "action.act.param.text": "$result.user$ of $name$"}
    search = alert(RESULT, **params)
    job = wait(search.dispatch(trigger_actions=True))
    payload = json.loads(out.read_text())
    assert payload["configuration"] == {"kept": "shipped", "out": str(out), "text": f"u1 of {search.name}"}
    assert (payload["sid"], payload["search_name"], payload["result"]["dest"]) == (job.sid, search.name, ["a", "b"])
    assert "u2" in gzip.decompress(Path(payload["results_file"]).read_bytes()).decode()
    assert payload["state"] == "OK", "the script may call back while it runs"
    with pytest.raises(client.AuthenticationError):  # and its session ends with it
        client.connect(host="127.0.0.1", port=service.port, token=payload["session_key"]).info  # noqa: B018
    wait(
        alert(RESULT, **{**params, "action.act.param.fail": "1", "action.old": "1", "action.lost": "1"}).dispatch(
            trigger_actions=True
        )
    )
    log = rows(service.jobs.oneshot("search index=_internal component=AlertActions ERROR", output_mode="json"))
    said = "".join(r["_raw"] for r in log)
    assert "it broke" in said and "payload as XML" in said and "outside bin" in said
    service.apps.delete(app.name)
    service.delete("messages/restart_required")


CONDITIONS = [
    ({"counttype": "always"}, 0, True),
    ({"counttype": "number of events", "relation": "greater than", "quantity": "2"}, 2, False),
    ({"counttype": "number of events", "relation": "greater than", "quantity": "1"}, 2, True),
    ({"counttype": "number of events", "relation": "less than", "quantity": "1"}, 0, True),
    ({"counttype": "number of events", "relation": "equal to", "quantity": "2"}, 2, True),
    ({"counttype": "number of events", "relation": "not equal to", "quantity": "2"}, 2, False),
    ({"counttype": "number of hosts", "relation": "equal to", "quantity": "1"}, 3, True),
    ({"counttype": "custom", "alert_condition": "search n>2"}, 3, True),
    ({"counttype": "custom", "alert_condition": "where n>3"}, 3, False),
]


@pytest.mark.parametrize(("settings", "count", "fires"), CONDITIONS)
def test_conditions(
    alert: Callable[..., client.SavedSearch], settings: dict[str, str], count: int, fires: bool
) -> None:
    search = alert(
        f'| makeresults count=5 | streamstats count as n | eval host="h" | head {count}',
        **settings,
        **{"alert.track": "1"},
    )
    wait(search.dispatch(trigger_actions=True))
    assert search.refresh().alert_count == int(fires)


def test_rises_by(alert: Callable[..., client.SavedSearch]) -> None:
    search = alert("| makeresults count=9 | head $args.n$", **{
        "counttype": "number of events", "relation": "rises by", "quantity": "2", "alert.track": "1",
    })  # fmt: skip
    counts = []
    for n in (1, 2, 4, 1):
        wait(search.dispatch(trigger_actions=True, **{"args.n": n}))
        counts.append(search.refresh().alert_count)
    assert counts == [0, 0, 1, 1]


def test_throttling_by_field(service: client.Service, alert: Callable[..., client.SavedSearch]) -> None:
    search = alert('| makeresults count=$args.n$ | streamstats count as n | eval user="u".n', **{
        "action.notable": "1", "alert.suppress": "1", "alert.suppress.fields": "user", "alert.suppress.period": "1h",
    })  # fmt: skip
    sizes = []
    for n in (2, 2, 3):
        job = wait(search.dispatch(trigger_actions=True, **{"args.n": n}))
        sizes.append(len(rows(service.jobs.oneshot(f'search index=notable orig_sid="{job.sid}"', output_mode="json"))))
    assert sizes == [2, 0, 1]
    assert 0 < search.suppressed <= 3600
    search.acknowledge()
    assert search.suppressed == 0


def test_fired_alerts(service: client.Service, alert: Callable[..., client.SavedSearch]) -> None:
    search = alert(
        "| makeresults",
        **{"alert.track": "1", "cron_schedule": "0 0 1 1 *", "is_scheduled": "1", "alert.severity": "4"},
    )
    assert len(search.fired_alerts) == 0
    assert search.name not in service.fired_alerts
    wait(search.dispatch(trigger_actions=True))
    assert search.refresh().alert_count == 1
    assert service.fired_alerts[search.name] is not None
    listed = search.fired_alerts.list()
    assert [(a["severity"], a["savedsearch_name"]) for a in listed] == [("4", search.name)]
    search.acknowledge()
    assert search.refresh().alert_count == 0


# --- the scheduler, in process, on a pinned clock -----------------------------------------------------------------------


# --- pieces -------------------------------------------------------------------------------------------------------------
