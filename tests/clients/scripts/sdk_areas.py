"""splunk-sdk for Python against a server, an area at a time: `python sdk_areas.py PORT HEC_PORT PASSWORD HEC_TOKEN` prints
{area: what went wrong}. What a release does not have is left out and named.

It runs in the client's own environment, without anything of ours.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from splunklib import binding, client, data, results

PORT, HEC_PORT, PASSWORD, TOKEN = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
WHERE: dict[str, Any] = {"scheme": "https", "host": "localhost", "port": PORT}
LOGIN = {"username": "admin", "password": PASSWORD}


class Absent(Exception):
    """This release of the client does not have the area."""


def connect(**more: Any) -> Any:
    return client.connect(**(WHERE | LOGIN | more))


SERVICE = connect()


def refused(status: int, call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    try:
        call(*arguments, **named)
    except binding.HTTPError as error:
        assert error.status == status, f"{error.status} is not {status}: {error}"
        return str(error)
    raise AssertionError(f"nothing was refused with {status}")


def raises(kind: type[Exception], call: Callable[..., Any], *arguments: Any) -> None:
    try:
        call(*arguments)
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def wait(done: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.1)


def rows(stream: Any) -> list[dict[str, Any]]:
    return [row for row in results.JSONResultsReader(stream) if isinstance(row, dict)]


def oneshot(search: str, **more: Any) -> list[dict[str, Any]]:
    return rows(SERVICE.jobs.oneshot(search, output_mode="json", count=0, **more))


def ways_in() -> None:
    key = SERVICE.token
    assert client.connect(**WHERE, token=key).info["version"] == SERVICE.info["version"]
    assert connect(autologin=True, basic=True).apps["search"].name == "search"
    cookies = SERVICE.get_cookies()
    assert cookies and client.connect(**WHERE, cookie="; ".join(f"{k}={v}" for k, v in cookies.items())).info["guid"]
    raises(binding.AuthenticationError, lambda: client.connect(**(WHERE | LOGIN | {"password": "wrong"})))
    refused(401, lambda: client.Service(**WHERE, token="bogus").apps.list())
    service = connect()
    service.logout()
    raises(binding.AuthenticationError, lambda: service.apps.list())
    service.login()
    assert service.apps.list(count=1)


def plain_requests() -> None:
    context = binding.connect(**(WHERE | LOGIN | {"owner": "admin", "app": "search"}))
    assert context.get("apps/local", count=1).status == 200
    record = data.load(context.get("server/info").body.read())
    assert record.feed.entry.content.version == SERVICE.info["version"]
    refused(404, context.get, "no/such/path")
    made = context.post("saved/searches", name="by binding", search="| makeresults")
    assert made.status == 201 and context.delete("saved/searches/by%20binding").status == 200
    answer = context.request("server/info", method="GET", headers=[("x", "y")])
    assert answer.status == 200 and b"licenseState" in answer.body.read()


def server() -> None:
    assert {"version", "serverName", "os_name", "licenseState", "guid"} <= set(SERVICE.info)
    assert {"host", "httpport", "mgmtHostPort", "serverName", "sessionTimeout"} <= set(SERVICE.settings.content)
    kept = SERVICE.settings["sessionTimeout"]
    SERVICE.settings.update(sessionTimeout="42m")
    SERVICE.settings.refresh()
    assert SERVICE.settings["sessionTimeout"] == "42m"
    SERVICE.settings.update(sessionTimeout=kept)
    assert "edit_user" in SERVICE.capabilities and SERVICE.splunk_version >= (9,)
    if "restart_required" in SERVICE.messages:
        SERVICE.messages.delete("restart_required")
    assert not SERVICE.restart_required
    assert SERVICE.parse("search index=main | stats count").status == 200
    refused(400, SERVICE.parse, "xyzzy")
    levels = SERVICE.loggers["AuditLogger"]
    before = levels["level"]
    levels.update(level="WARN")
    assert SERVICE.loggers["AuditLogger"]["level"] == "WARN"
    levels.update(level=before)


def apps() -> None:
    app = SERVICE.apps.create("sdk_trial", label="Trial", author="us", description="text", visible=True)
    assert (app["label"], app["author"], app["version"]) == ("Trial", "us", "1.0.0")
    app.update(description="other", version="1.2.3").refresh()
    assert (app["description"], app["version"]) == ("other", "1.2.3")
    assert app.package().path.endswith(".spl") and app.updateInfo() is not None
    app.disable()
    app.refresh()
    assert app["disabled"] == "1"
    app.enable()
    raises(KeyError, lambda: SERVICE.apps["no_such_app"])
    assert "sdk_trial" in [a.name for a in SERVICE.apps.iter(pagesize=2)]
    assert len(SERVICE.apps.list(count=2)) == 2 and SERVICE.apps.list(search="name=sdk_trial")[0].name == "sdk_trial"


def indexes() -> None:
    index = SERVICE.indexes.create("sdk_index")
    index.submit("one event", sourcetype="sdk", host="h", source="s")
    with index.attached_socket(sourcetype="sdk") as stream:
        stream.send(b"two event\r\n")
    wait(lambda: int(SERVICE.indexes["sdk_index"]["totalEventCount"]) == 2)
    assert {r["_raw"].strip() for r in oneshot("search index=sdk_index")} == {"one event", "two event"}
    index.update(maxTotalDataSizeMB=400).refresh()
    assert index["maxTotalDataSizeMB"] == "400"
    index.disable()
    index.refresh()
    assert index["disabled"] == "1"
    index.enable()
    assert SERVICE.indexes.get_default() == "main"
    index.roll_hot_buckets()
    index.delete()
    assert "sdk_index" not in [i.name for i in SERVICE.indexes.list(count=0)]


def jobs() -> None:
    job = SERVICE.jobs.create("| makeresults count=5 | streamstats count AS n", exec_mode="blocking")
    assert job.is_done() and job["resultCount"] == "5" and job["dispatchState"] == "DONE"
    assert [r["n"] for r in rows(job.results(output_mode="json", count=2, offset=1))] == ["2", "3"]
    assert len(rows(job.preview(output_mode="json"))) == 5
    assert b"<results" in job.results().read() and job.results(output_mode="csv", f="n").read().strip().startswith(b"n")
    assert job.events().read() is not None and b"makeresults" in job.searchlog().read()
    assert job.summary().read() and job.timeline().read()
    for act in (job.pause, job.unpause, job.enable_preview, job.disable_preview, job.touch, job.finalize):
        act()
    job.set_ttl(1000).refresh()
    assert 900 < int(job["ttl"]) <= 1000
    job.set_priority(6).refresh()
    assert job["priority"] == "6" and job.sid in [j.sid for j in SERVICE.jobs.list(count=0)]
    job.cancel()
    wait(lambda: job.sid not in [j.sid for j in SERVICE.jobs.list(count=0)])
    refused(400, SERVICE.jobs.create, "xyzzy")
    raises(TypeError, lambda: SERVICE.jobs.create("| makeresults", exec_mode="oneshot"))
    assert len(rows(SERVICE.jobs.export("| makeresults count=3", output_mode="json"))) == 3
    assert not oneshot("search index=main no_such_word_anywhere")
    assert SERVICE.search("| makeresults").sid and SERVICE.job is not None


def saved_searches() -> None:
    saved = SERVICE.saved_searches.create("sdk saved", '| makeresults | eval who="$args.who$"', description="text")
    saved.update(**{"is_scheduled": True, "cron_schedule": "*/5 * * * *", "alert.track": True}).refresh()
    assert saved["is_scheduled"] == "1" and len(saved.scheduled_times("now", "+1h")) >= 11
    job = saved.dispatch(**{"args.who": "ann"})
    wait(job.is_done)
    assert rows(job.results(output_mode="json"))[0]["who"] == "ann"
    assert job.sid in [j.sid for j in saved.history()]
    saved.suppress(60)
    assert int(saved.suppressed) > 0
    saved.unsuppress()
    assert saved.suppressed == 0
    saved.acl_update(sharing="app", owner="admin", app="search", **{"perms.read": "admin, nobody"}) if hasattr(
        saved, "acl_update"
    ) else None
    assert not SERVICE.fired_alerts.list(search="name=nothing")
    SERVICE.saved_searches.delete("sdk saved")
    raises(KeyError, lambda: SERVICE.saved_searches["sdk saved"])


def confs() -> None:
    there = connect(owner="nobody", app="search").confs
    conf = there.create("sdk_conf")
    stanza = conf.create("one", key="value")
    assert conf["one"]["key"] == "value" and len(stanza) >= 1
    stanza.submit({"key": "other", "more": "1"}).refresh()
    assert stanza["key"] == "other" and "sdk_conf" in [c.name for c in there.list()]
    conf.delete("one")
    raises(KeyError, lambda: conf["one"])
    raises(KeyError, lambda: there["no_such_conf"])


def users_and_roles() -> None:
    role = SERVICE.roles.create("sdk_role", imported_roles="user", srchJobsQuota=3)
    role.grant("edit_user", "search").refresh()
    assert "edit_user" in role["capabilities"]
    role.revoke("edit_user").refresh()
    assert "edit_user" not in role["capabilities"] and role["imported_roles"] == ["user"]
    user = SERVICE.users.create("SDK_User", "some password", ["sdk_role"], realname="A B")
    assert user.name == "sdk_user" and [e.name for e in user.role_entities] == ["sdk_role"]
    user.update(email="a@example.test").refresh()
    assert user["email"] == "a@example.test"
    other = client.connect(**WHERE, username="sdk_user", password="some password")
    refused(403, other.users.create, "sdk_more", "some password", ["user"])
    SERVICE.users.delete("sdk_user")
    SERVICE.roles.delete("sdk_role")
    refused(400, SERVICE.users.create, "sdk_weak", "short", ["user"])


def inputs() -> None:
    for kind, name in (("tcp", "19997"), ("splunktcp", "19998"), ("udp", "19999")):
        made = SERVICE.inputs.create(
            name, kind, host="sdk.host", **({"connection_host": "dns"} if kind == "udp" else {})
        )
        assert made["host"] == "sdk.host", made.content
        made.update(host="other").refresh()
        assert made["host"] == "other" and (name, kind) in SERVICE.inputs
        made.delete()
        assert (name, kind) not in SERVICE.inputs
    assert {"udp", "monitor", "script"} <= set(SERVICE.inputs.kinds)
    made = SERVICE.inputs.create("sdk_token", "http", index="main")
    assert made["token"] and ("sdk_token", "http") in SERVICE.inputs
    made.delete()


def messages() -> None:
    SERVICE.messages.create("sdk_message", value="hello", severity="info")
    assert SERVICE.messages["sdk_message"]["sdk_message"] == "hello"
    SERVICE.messages.delete("sdk_message")
    assert "sdk_message" not in SERVICE.messages


def passwords() -> None:
    store = SERVICE.storage_passwords
    odd = store.create("pass:word", "us\\er", "re:alm")
    assert (odd.clear_password, odd.realm, odd.username) == ("pass:word", "re:alm", "us\\er")
    odd.delete()
    made = store.create("first", "user", "realm")
    made.update(password="changed").refresh()
    assert made.clear_password == "changed" and len(store) >= 1
    store.delete("user", "realm")
    plain = store.create("x", "plain")
    assert plain.name == ":plain:" and not plain.realm
    store.delete("plain")


def documents() -> None:
    there = connect(owner="nobody", app="search").kvstore
    there.create("sdk_docs", fields={"n": "number"}, accelerated_fields={"by_n": {"n": 1}})
    found = there["sdk_docs"].data
    key = found.insert(json.dumps({"n": 1, "word": "a"}))["_key"]
    found.batch_save({"_key": "two", "n": 2}, {"_key": "three", "n": 3})
    assert found.query_by_id(key)["word"] == "a"
    assert [d["n"] for d in found.query(query=json.dumps({"n": {"$gt": 1}}), sort="n:-1", fields="n,_key:0")] == [3, 2]
    assert len(found.batch_find({"query": {"n": 1}}, {"query": {"n": 2}})) == 2
    found.update("two", json.dumps({"n": 5}))
    assert found.query_by_id("two")["n"] == 5
    refused(409, found.insert, json.dumps({"_key": "two"}))
    found.delete(json.dumps({"n": 5}))
    refused(404, found.query_by_id, "two")
    found.delete()
    assert found.query() == []
    collection = there["sdk_docs"]
    for change in ("update_index", "update_accelerated_field"):
        if change in dir(collection):
            getattr(collection, change)("by_word", {"word": 1})
    collection.update_field("word", "string")
    there.delete("sdk_docs")


def event_types() -> None:
    made = SERVICE.event_types.create("sdk_type", search="index=main", description="text", priority=3)
    made.update(priority=4, disabled=True).refresh()
    assert (made["priority"], made["disabled"]) == ("4", "1")
    made.enable()
    made.delete()


def macros() -> None:
    if not hasattr(SERVICE, "macros"):
        raise Absent
    there = connect(owner="admin", app="search")
    there.macros.create("sdk_macro(1)", "eval x=$a$", args="a", validation="isnum(a)", errormsg="a number please")
    search = "| makeresults | `sdk_macro(5)`"
    assert rows(there.jobs.oneshot(search, output_mode="json"))[0]["x"] == "5"
    assert "a number please" in refused(400, there.jobs.create, '| makeresults | `sdk_macro("b")`')
    there.macros.delete("sdk_macro(1)")


def listing() -> None:
    names = [f"sdk_list_{n}" for n in range(5)]
    for number, name in enumerate(names):
        SERVICE.saved_searches.create(name, "| makeresults", description=str(9 - number))
    there = SERVICE.saved_searches
    assert [s.name for s in there.list(search="name=sdk_list_*", sort_key="name", sort_dir="desc")] == names[::-1]
    assert [s.name for s in there.list(search="name=sdk_list_*", count=2, offset=1)] == names[1:3]
    assert [s.name for s in there.list(search="name=sdk_list_*", sort_key="description")] == names[::-1]
    assert {"disabled", "search"} <= set(there.itemmeta().fields.optional + there.itemmeta().fields.required)
    for name in names:
        there.delete(name)


def collector() -> None:
    url = {"scheme": "https", "host": "localhost", "port": HEC_PORT, "token": TOKEN, "username": "x"}
    sender = client.Service(**url)
    answer = sender.post(
        "/services/collector/event",
        body=json.dumps({"event": "sent by the sdk"}),
        headers=[("Authorization", f"Splunk {TOKEN}")],
    )
    assert answer.status == 200 and json.loads(answer.body.read())["code"] == 0
    wait(lambda: len(oneshot('search index=main "sent by the sdk"')) == 1)


AREAS = (
    ways_in, plain_requests, server, apps, indexes, jobs, saved_searches, confs, users_and_roles, inputs, messages, passwords,
    documents, event_types, macros, listing, collector,
)  # fmt: skip


def main() -> None:
    found: dict[str, str | None] = {}
    for area in AREAS:
        try:
            area()
            found[area.__name__] = ""
        except Absent:
            found[area.__name__] = None
        except Exception:
            found[area.__name__] = traceback.format_exc(limit=-4)
    sys.stdout.write(json.dumps(found))


main()
