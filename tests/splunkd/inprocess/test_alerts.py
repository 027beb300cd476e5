"""What happens when a saved search has run: conditions, throttling, actions, fired alerts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from tests.patience import PATIENCE

from .conftest import Clock, search

ROWS = '| makeresults count=2 | streamstats count as n | eval user="u".n, dest=split("a,b", ","), host="orig"'


@pytest.fixture
def run(admin: Client, daemon: Daemon) -> Callable[..., str]:
    """Make a saved search, run it with its alert actions, and give its name."""

    def go(text: str = ROWS, name: str = "", **settings: str) -> str:
        name = name or f"alert {uuid.uuid4().hex[:8]}"
        if settings or admin.get(f"saved/searches/{name}").status == 404:
            path = "saved/searches" if admin.get(f"saved/searches/{name}").status == 404 else f"saved/searches/{name}"
            arguments = {"search": text, **settings} | ({"name": name} if path == "saved/searches" else {})
            answer = admin.post(path, arguments)
            assert answer.status in {200, 201}, answer.text
        answer = admin.post(f"saved/searches/{name}/dispatch", trigger_actions=1)
        assert answer.status == 201, answer.text
        job = daemon.searching.jobs.get(answer.json()["sid"])
        assert job is not None and job.done.wait(PATIENCE)
        return name

    return go


def written(client: Client, index: str, name: str) -> list[dict[str, Any]]:
    return search(client, f'search index={index} search_name="{name}"')


def said(client: Client, name: str) -> str:
    rows = search(client, "search index=_internal component=AlertActions")
    return "\n".join(r["_raw"] for r in rows if name in r["_raw"])


@pytest.mark.parametrize(
    ("settings", "triggers"),
    [
        ({}, True),
        ({"alert_type": "number of events", "alert_comparator": "greater than", "alert_threshold": "1"}, True),
        ({"alert_type": "number of events", "alert_comparator": "greater than", "alert_threshold": "2"}, False),
        ({"alert_type": "number of events", "alert_comparator": "less than", "alert_threshold": "3"}, True),
        ({"alert_type": "number of events", "alert_comparator": "less than", "alert_threshold": "2"}, False),
        ({"alert_type": "number of events", "alert_comparator": "equal to", "alert_threshold": "2"}, True),
        ({"alert_type": "number of events", "alert_comparator": "not equal to", "alert_threshold": "2"}, False),
        ({"alert_type": "number of hosts", "alert_comparator": "equal to", "alert_threshold": "1"}, True),
        ({"alert_type": "number of sources", "alert_comparator": "greater than", "alert_threshold": "0"}, False),
        ({"alert_type": "number of events", "alert_comparator": "greater than", "alert_threshold": "many"}, False),
        ({"alert_type": "number of events", "alert_comparator": "resembles", "alert_threshold": "0"}, False),
        ({"alert_type": "custom", "alert_condition": "search n>1"}, True),
        ({"alert_type": "custom", "alert_condition": "search n>2"}, False),
    ],
)
def test_conditions(admin: Client, run: Callable[..., str], settings: dict[str, str], triggers: bool) -> None:
    name = run(**settings, **{"alert.track": "1"})
    assert admin.get(f"saved/searches/{name}").content["triggered_alert_count"] == int(triggers)


def test_a_change_since_the_last_run(admin: Client, run: Callable[..., str]) -> None:
    rises = {
        "alert_type": "number of events",
        "alert_comparator": "rises by",
        "alert_threshold": "2",
        "alert.track": "1",
    }
    name = run("| makeresults", **rises)
    assert admin.get(f"saved/searches/{name}").content["triggered_alert_count"] == 0, "there is no run before the first"
    run("| makeresults count=2", name, **rises)
    assert admin.get(f"saved/searches/{name}").content["triggered_alert_count"] == 0
    run("| makeresults count=4", name, **rises)
    assert admin.get(f"saved/searches/{name}").content["triggered_alert_count"] == 1


def test_without_triggering_nothing_happens(admin: Client, daemon: Daemon) -> None:
    admin.post("saved/searches", {"name": "quiet", "search": ROWS, "action.notable": "1"})
    job = daemon.searching.jobs.get(admin.post("saved/searches/quiet/dispatch").json()["sid"])
    assert job is not None and job.done.wait(PATIENCE)
    assert written(admin, "notable", "quiet") == []


# --- throttling ---------------------------------------------------------------------------------------------------------


def test_one_alert_silences_the_search(admin: Client, run: Callable[..., str], clock: Clock) -> None:
    settings = {"alert.track": "1", "alert.suppress": "1", "alert.suppress.period": "60s"}
    name = run(**settings)
    count: Callable[[], int] = lambda: admin.get(f"saved/searches/{name}").content["triggered_alert_count"]  # noqa: E731
    assert count() == 1
    run(name=name)
    assert count() == 1
    assert admin.get(f"saved/searches/{name}/suppress").content == {
        "suppressed": True, "expiration": 60, "suppressionKey": name, "eai:acl": None,
    }  # fmt: skip
    clock.now += 59
    run(name=name)
    assert count() == 1
    clock.now += 1
    run(name=name)
    assert count() == 2


def test_each_combination_of_values_by_itself(admin: Client, run: Callable[..., str], clock: Clock) -> None:
    settings = {
        "action.notable": "1", "alert.suppress": "1", "alert.suppress.period": "1h", "alert.suppress.fields": "user, dest",
    }  # fmt: skip
    name = run(**settings)
    assert len(written(admin, "notable", name)) == 2
    run(ROWS.replace("count=2", "count=3"), name, **settings)
    assert sorted(r["user"] for r in written(admin, "notable", name)) == ["u1", "u2", "u3"]


def test_searches_of_a_group_silence_each_other(admin: Client, run: Callable[..., str]) -> None:
    settings = {
        "alert.track": "1", "alert.suppress": "1", "alert.suppress.period": "1h", "alert.suppress.group_name": "together",
    }  # fmt: skip
    first, second = run(**settings), run(**settings)
    assert [admin.get(f"saved/searches/{n}").content["triggered_alert_count"] for n in (first, second)] == [1, 0]


def test_silence_by_hand_and_its_end(admin: Client, run: Callable[..., str]) -> None:
    name = run(**{"alert.track": "1", "alert.suppress": "1", "alert.suppress.period": "1h"})
    assert admin.post(f"saved/searches/{name}/suppress", expiration="0").content["suppressed"] is False
    assert admin.post(f"saved/searches/{name}/suppress", expiration="2m").content["expiration"] == 120
    assert admin.post(f"saved/searches/{name}/suppress", expiration="soon").status == 400
    assert admin.post(f"saved/searches/{name}/acknowledge").status == 200
    content = admin.get(f"saved/searches/{name}").content
    assert content["triggered_alert_count"] == 0
    assert admin.get(f"saved/searches/{name}/suppress").content["suppressed"] is False


# --- fired alerts -------------------------------------------------------------------------------------------------------


def test_fired_alerts(admin: Client, run: Callable[..., str], someone: Callable[[str], Client], clock: Clock) -> None:
    name = run(**{"alert.track": "1", "alert.severity": "5", "alert.digest_mode": "0", "alert.expires": "1h"})
    assert name in admin.get("alerts/fired_alerts", count=0).names
    one, two = admin.get(f"alerts/fired_alerts/{name}").entries
    assert one["content"]["severity"] == 5 and one["content"]["digest_mode"] is False and one["name"] == two["name"]
    assert len(admin.get("alerts/fired_alerts/-").entries) >= 2
    user = someone("user")
    assert user.get(f"alerts/fired_alerts/{name}").entries == [], "a private search of somebody else"
    assert user.delete(f"alerts/fired_alerts/{name}/{one['name']}").status == 200
    assert len(admin.get(f"alerts/fired_alerts/{name}").entries) == 2
    assert admin.delete(f"alerts/fired_alerts/{name}/{one['name']}").status == 200
    assert admin.get(f"alerts/fired_alerts/{name}").entries == []
    name = run(**{"alert.track": "1", "alert.expires": "1h"})
    clock.now += 3600
    assert admin.get(f"alerts/fired_alerts/{name}").entries == []


def test_alerts_of_a_shared_search_are_for_those_who_may_change_it(
    admin: Client, daemon: Daemon, someone: Callable[[str], Client]
) -> None:
    shared = "/servicesNS/nobody/search/saved/searches"
    assert admin.post(shared, {"name": "for all", "search": ROWS, "alert.track": "1"}).status == 201
    sid = admin.post(f"{shared}/for all/dispatch", trigger_actions=1).json()["sid"]
    job = daemon.searching.jobs.get(sid)
    assert job is not None and job.done.wait(PATIENCE)
    user, power = someone("user"), someone("power")
    assert len(user.get("alerts/fired_alerts/for all").entries) == 1
    assert user.delete(f"alerts/fired_alerts/for all/{sid}").status == 403
    assert power.delete(f"alerts/fired_alerts/for all/{sid}").status == 200


# --- what is done -------------------------------------------------------------------------------------------------------


def test_risk_events(admin: Client, run: Callable[..., str]) -> None:
    risk = [
        {"risk_object_field": "user", "risk_object_type": "user", "risk_score": 63},
        {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": "$n$"},
        {"threat_object_field": "host", "threat_object_type": "host"},
    ]
    name = run(**{
        "action.risk": "1", "action.risk.param._risk": json.dumps(risk), "description": "what it does",
        "action.risk.param._risk_message": "$user$ on $dest$ lacks $missing$",
        "action.correlationsearch.annotations": json.dumps({"mitre_attack": ["T1047", "T1059"], "analytic_story": ["S"], "cve": []}),
    })  # fmt: skip
    found = written(admin, "risk", name)
    assert sorted((r["risk_object"], r["risk_score"]) for r in found) == [
        ("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("u1", "63"), ("u2", "63"),
    ]  # fmt: skip
    (event,) = (r for r in found if r["risk_object"] == "u1")
    assert event["risk_message"] == "u1 on a, b lacks $missing$"
    assert (event["annotations.mitre_attack"], event["analyticstories"]) == (["T1047", "T1059"], "S")
    assert (event["threat_object"], event["orig_host"], event["sourcetype"]) == ("orig", "orig", "stash")


def test_the_older_settings_of_risk(admin: Client, run: Callable[..., str]) -> None:
    name = run(**{
        "action.risk": "1", "action.risk.param._risk_object": "user", "action.risk.param._risk_object_type": "user",
        "action.risk.param._risk_score": "5", "action.correlationsearch.annotations": "no json",
    })  # fmt: skip
    assert {(r["risk_object"], r["risk_score"], r["annotations"]) for r in written(admin, "risk", name)} == {
        ("u1", "5", "no json"), ("u2", "5", "no json"),
    }  # fmt: skip


@pytest.mark.parametrize("bad", ["[not json", '["text"]'])
def test_an_action_that_fails_leaves_the_others(admin: Client, run: Callable[..., str], bad: str) -> None:
    name = run(**{"action.risk": "1", "action.risk.param._risk": bad, "action.notable": "1", "action.email": "1"})
    assert written(admin, "risk", name) == [] and len(written(admin, "notable", name)) == 2
    text = said(admin, name)
    assert "action=risk" in text and "failed: action.risk.param._risk" in text and "action=email" in text


def test_notables_and_summaries(admin: Client, run: Callable[..., str]) -> None:
    name = run(**{
        "action.notable": "1", "action.notable.param.rule_title": "Title of $user$", "action.notable.param.severity": "high",
        "action.summary_index": "1", "action.summary_index.story": "of $user$",
    })  # fmt: skip
    found = written(admin, "notable", name)
    assert sorted((r["rule_title"], r["severity"], r["rule_name"]) for r in found) == [
        ("Title of u1", "high", name), ("Title of u2", "high", name),
    ]  # fmt: skip
    assert len({r["event_id"] for r in found}) == 2
    assert sorted(r["story"] for r in written(admin, "summary", name)) == ["of u1", "of u2"]


SCRIPT = """
import json, pathlib, sys
payload = json.load(sys.stdin)
if payload["configuration"].get("fail"):
    sys.exit("it broke")
pathlib.Path(payload["configuration"]["out"]).write_text(json.dumps(payload))
"""


def test_an_action_of_an_app(
    admin: Client, run: Callable[..., str], package: Callable[[str, dict[str, str]], Path], tmp_path: Path
) -> None:
    app = package("acting", {
        "default/alert_actions.conf": "[act]\nis_custom = 1\npayload_format = json\nparam.kept = shipped\n"
        "[old]\nis_custom = 1\n[lost]\nis_custom = 1\npayload_format = json\n"
        "[outside]\nis_custom = 1\npayload_format = json\nalert.execute.cmd = ../x.py\n",
        "metadata/default.meta": "[]\nexport = system\n",
        "bin/act.py": SCRIPT,
    })  # fmt: skip
    assert admin.post("apps/local", name=str(app), filename=1).status == 201
    out = tmp_path / "out.json"
    settings = {"action.act": "1", "action.act.param.out": str(out), "action.act.param.text": "$user$ of $name$"}
    name = run(**settings)
    payload = json.loads(out.read_text())
    assert payload["configuration"] == {"kept": "shipped", "out": str(out), "text": f"u1 of {name}"}
    client = Client(admin.daemon).bearing(f"Splunk {payload['session_key']}")
    assert payload["session_key"] and client.get("server/info").status == 401, "its session ends with it"
    failing = run(
        **settings, **{"action.act.param.fail": "1", "action.old": "1", "action.lost": "1", "action.outside": "1"}
    )
    text = said(admin, failing)
    assert "it broke" in text and "as XML" in text and "is missing: lost.py" in text and "outside bin" in text


def test_sendalert(admin: Client) -> None:
    assert len(search(admin, '| makeresults | eval user="x" | sendalert notable param.rule_title="sent"')) == 1
    found = search(admin, "search index=notable rule_title=sent")
    assert [row["user"] for row in found] == ["x"]
    answer = admin.post(
        "search/jobs", search="| makeresults | sendalert nothing", exec_mode="oneshot", output_mode="json"
    )
    assert "there is no alert action 'nothing'" in answer.json()["messages"][0]["text"]


def test_scheduled_times_and_history(admin: Client, run: Callable[..., str], clock: Clock) -> None:
    name = run(cron_schedule="0 * * * *", is_scheduled="1")
    found = admin.get(f"saved/searches/{name}/scheduled_times", earliest_time="now", latest_time="+3h").content
    assert len(found["scheduled_times"]) == 3 and all(t % 3600 == 0 for t in found["scheduled_times"])
    assert admin.get(f"saved/searches/{name}").content["next_scheduled_time"]
    run(name=name)
    assert len(admin.get(f"saved/searches/{name}/history").entries) == 2
    assert len(admin.get(f"saved/searches/{name}/history", count=1, offset=1).entries) == 1
    assert admin.post(f"saved/searches/{name}/disable").status == 200
    assert admin.get(f"saved/searches/{name}").content["next_scheduled_time"] == ""
