"""solnlib against a server, an area at a time: `python solnlib_areas.py PORT HEC_PORT SESSION_KEY` prints {area: what went wrong}.

It runs in the client's own environment, without anything of ours.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from solnlib import conf_manager, hec_config, server_info, time_parser, user_access
from solnlib.acl import ACLManager
from solnlib.alerts_rest_client import AlertComparator, AlertSeverity, AlertsRestClient, AlertType
from solnlib.bulletin_rest_client import BulletinRestClient
from solnlib.credentials import CredentialManager, CredentialNotExistException
from solnlib.modular_input.checkpointer import KVStoreCheckpointer
from solnlib.modular_input.event_writer import HECEventWriter
from solnlib.soln_exceptions import ConfManagerException, ConfStanzaNotExistException
from solnlib.splunk_rest_client import SplunkRestClient
from splunklib.binding import HTTPError

PORT, HEC_PORT, KEY = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
WHERE: dict[str, Any] = {"scheme": "https", "host": "localhost", "port": PORT}
APP = "solnlib_trial"


def refused(status: int, call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    try:
        call(*arguments, **named)
    except HTTPError as error:
        assert error.status == status, f"{error.status} is not {status}: {error}"
        return str(error)
    raise AssertionError(f"nothing was refused with {status}")


def raises(kind: type[Exception], call: Callable[..., Any], *arguments: Any) -> None:
    try:
        call(*arguments)
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def session() -> None:
    assert user_access.get_current_username(KEY, **WHERE) == "admin"
    raises(CredentialNotExistException, lambda: CredentialManager(KEY, APP, **WHERE).get_password("nobody here"))


def rest() -> None:
    client = SplunkRestClient(KEY, APP, owner="nobody", **WHERE)
    refused(404, client.get, "some/unexisting/url")
    job = client.jobs.oneshot(f'search index=_internal uri_path="*/{APP}/some/unexisting/url"', output_mode="json")
    (row,) = json.loads(job.read())["results"]
    assert "solnlib/" in row["_raw"]
    assert client.info["version"]


def acl() -> None:
    client = SplunkRestClient(KEY, APP, owner="nobody", **WHERE)
    client.kvstore.create("sessions")
    manager = ACLManager(KEY, APP, owner="nobody", **WHERE)
    path = "storage/collections/config/sessions/acl"
    before = manager.get(path)
    after = manager.update(path, perms_read=["admin"], perms_write=["admin"])
    before["perms"] = before["perms"] or {}
    before["perms"] |= {"read": ["admin"], "write": ["admin"]}
    assert before == after == manager.get(path), (before, after)


def alerts() -> None:
    client = AlertsRestClient(KEY, APP, owner="nobody", **WHERE)
    assert "Could not find object id=missing" in refused(404, client.get_search_alert, "missing")
    assert "Could not find object id=missing" in refused(404, client.delete_search_alert, "missing")
    client.create_search_alert("trial", "index=main x", description="one", cron_schedule="*/5 * * * *")
    assert "A saved search with that name already exists." in refused(409, client.create_search_alert, "trial", "x")
    (entry,) = client.get_search_alert("trial")["entry"]
    assert entry["acl"]["sharing"] == "app" and entry["content"]["alert_type"] == AlertType.NUMBER_OF_EVENTS.value
    client.update_search_alert(
        "trial", search="index=main y", alert_type=AlertType.NUMBER_OF_HOSTS, alert_comparator=AlertComparator.LESS_THAN,
        alert_threshold=10, time_window=("-2h", "now"), alert_severity=AlertSeverity.SEVERE, cron_schedule="*/10 * * * *",
        expires="3d", disabled=False,
    )  # fmt: skip
    content = client.get_search_alert("trial")["entry"][0]["content"]
    expected = {
        "search": "index=main y", "description": "one", "alert_type": "number of hosts", "alert_comparator": "less than",
        "alert_threshold": "10", "dispatch.earliest_time": "-2h", "dispatch.latest_time": "now", "alert.severity": 5,
        "cron_schedule": "*/10 * * * *", "alert.expires": "3d", "disabled": False,
    }  # fmt: skip
    assert {key: content[key] for key in expected} == expected
    assert "trial" in [entry["name"] for entry in client.get_all_search_alerts()["entry"]]
    client.delete_search_alert("trial")
    refused(404, client.get_search_alert, "trial")


def bulletins() -> None:
    one, two = (BulletinRestClient(name, KEY, "-", **WHERE) for name in ("one", "two"))
    refused(400, one.create_message, "text", capabilities=["apps_restore", "no_such_capability"], roles=["admin"])
    refused(400, one.create_message, "text", roles=["no_such_role"])
    one.create_message("text", capabilities=["apps_restore", "edit_roles"], roles=["admin"])
    content = one.get_message()["entry"][0]["content"]
    assert (content["message"], content["severity"]) == ("text", "warn")
    for severity in (BulletinRestClient.Severity.INFO, BulletinRestClient.Severity.ERROR):
        one.create_message("text", severity)
        assert one.get_message()["entry"][0]["content"]["severity"] == severity
    two.create_message("other")
    assert {"one", "two"} <= {entry["name"] for entry in one.get_all_messages()["entry"]}
    one.delete_message()
    refused(404, one.get_message)
    refused(404, one.delete_message)
    two.delete_message()


def confs() -> None:
    manager = conf_manager.ConfManager(KEY, APP, owner="nobody", **WHERE)
    raises(ConfManagerException, manager.get_conf, "conf_that_is_nowhere")
    conf = manager.create_conf("trial_settings")
    conf.update("logging", {"log_level": "DEBUG"})
    got = conf.get("logging")
    assert (got["log_level"], got["eai:appName"], got["eai:userName"], got["disabled"]) == ("DEBUG", APP, "nobody", "0")
    assert set(got["eai:access"]) >= {
        "app",
        "can_list",
        "can_write",
        "modifiable",
        "owner",
        "perms",
        "removable",
        "sharing",
    }
    raises(ConfStanzaNotExistException, conf.get, "missing")
    raises(ConfStanzaNotExistException, conf.delete, "missing")
    assert conf.stanza_exist("logging") and not conf.stanza_exist("missing")
    conf.update("account", {"user": "ann", "secret": "hidden"}, encrypt_keys=["secret"])
    assert conf.get("account")["secret"] == "hidden" and set(conf.get_all(only_current_app=True)) == {
        "logging",
        "account",
    }
    conf.reload()
    again = conf_manager.ConfManager(KEY, APP, owner="nobody", **WHERE).get_conf("trial_settings", refresh=True)
    assert again.get("account")["secret"] == "hidden"
    conf.delete("account")
    assert not conf.stanza_exist("account")


def credentials() -> None:
    manager = CredentialManager(KEY, APP, realm="trial", **WHERE)
    long = "pässword:/\\" * 60
    for user, password in (("one", "first"), ("two:with", "second"), ("long", long)):
        manager.set_password(user, password)
        assert manager.get_password(user) == password
    manager.set_password("one", "changed")
    assert manager.get_password("one") == "changed"
    assert {c["username"] for c in manager.get_clear_passwords_in_realm()} == {"one", "two:with", "long"}
    assert len(manager.get_raw_passwords_in_realm()) >= 3
    for user in ("one", "two:with", "long"):
        manager.delete_password(user)
        raises(CredentialNotExistException, manager.get_password, user)


def hec_settings() -> None:
    config = hec_config.HECConfig(KEY, **WHERE)
    assert config.delete_input("not there") is None and config.get_input("trial") is None
    stanza = {"index": "main", "sourcetype": "trial:json", "token": "A0-5800-406B-9224-8E1DC4E720B7"}
    config.create_input("trial", stanza)
    got = config.get_input("trial")
    assert {key: got[key] for key in stanza} == stanza
    config.update_input("trial", {"sourcetype": "trial:other"})
    assert config.get_input("trial")["sourcetype"] == "trial:other"
    config.delete_input("trial")
    assert config.get_input("trial") is None
    kept = config.get_settings()
    assert {"enableSSL", "disabled", "useDeploymentServer", "port"} <= set(kept)
    wanted = {"enableSSL": "1", "disabled": "1", "useDeploymentServer": "0", "port": "8087"}
    config.update_settings(wanted | {"output_mode": "json"})
    changed = config.get_settings()
    config.update_settings({key: kept[key] for key in wanted})
    assert {key: changed[key] for key in wanted} == wanted
    config.set_limits({"max_content_length": "4000000"})
    assert config.get_limits()["max_content_length"] == "4000000"


def hec_events() -> None:
    writer = HECEventWriter("trial_writer", KEY, global_settings_schema=False, **WHERE)
    assert writer._rest_client.port == HEC_PORT
    text = {"word": "Üü_Öö_Ää", "number": 5}
    events = [
        writer.create_event(text, index="main", host="trial", sourcetype="trial:hec", source=f"s{n}") for n in range(3)
    ]
    writer.write_events(events)
    client = SplunkRestClient(KEY, "search", **WHERE)
    for _ in range(300):
        rows = json.loads(client.jobs.oneshot("search index=main sourcetype=trial:hec", output_mode="json").read())[
            "results"
        ]
        if len(rows) == 3:
            break
        time.sleep(0.2)
    assert len(rows) == 3 and all("Üü_Öö_Ää" in row["_raw"] for row in rows)


def object_access() -> None:
    manager = user_access.ObjectACLManager("trial_acls", KEY, APP, owner="nobody", **WHERE)
    mine = {"read": ["admin"], "write": ["admin"], "delete": ["admin"]}
    manager.update_acl("things", "1", "kind", APP, "nobody", mine, True)
    manager.update_acl("things", "1", "kind", APP, "nobody", mine | {"read": ["ann"]}, True, replace_existing=False)
    assert set(manager.get_acl("things", "1").obj_perms["read"]) == {"admin", "ann"}
    manager.update_acls("things", ["2", "3"], "kind", APP, "nobody", mine, True)
    assert len(manager.get_acls("things", ["2", "3", "4"])) == 2
    assert manager.get_accessible_object_ids("ann", "read", "things", ["1", "2", "3"]) == ["1"]
    manager.delete_acl("things", "1")
    manager.delete_acls("things", ["2", "3"])
    raises(user_access.ObjectACLNotExistException, manager.get_acl, "things", "1")


def app_capabilities() -> None:
    manager = user_access.AppCapabilityManager("trial_capabilities", KEY, APP, owner="nobody", **WHERE)
    wanted = {"kind": {"read": "read_kind", "write": "write_kind"}}
    manager.register_capabilities(wanted)
    assert manager.capabilities_are_registered() and manager.get_capabilities() == wanted
    manager.unregister_capabilities()
    assert not manager.capabilities_are_registered()
    raises(user_access.UserAccessException, lambda: user_access.check_user_access(KEY, wanted, "kind", "read", **WHERE))


def users() -> None:
    assert user_access.get_current_username(KEY, **WHERE) == "admin"
    assert "admin" in user_access.get_user_roles(KEY, "admin", **WHERE)
    assert "edit_user" in user_access.get_user_capabilities(KEY, "admin", **WHERE)
    assert not user_access.user_is_capable(KEY, "admin", "no_such_capability", **WHERE)
    raises(user_access.UserNotExistException, lambda: user_access.get_user_roles(KEY, "no_such_user", **WHERE))


def checkpoints() -> None:
    keeper = KVStoreCheckpointer("trial_checkpoints", KEY, APP, owner="nobody", **WHERE)
    keeper.update("one", {"at": 5})
    keeper.batch_update([{"_key": "two", "state": "x"}, {"_key": "three", "state": [1, 2]}])
    assert (keeper.get("one"), keeper.get("two"), keeper.get("three")) == ({"at": 5}, "x", [1, 2])
    keeper.delete("one")
    assert keeper.get("one") is None
    for key in ("two", "three"):
        keeper.delete(key)


def server() -> None:
    info = server_info.ServerInfo(KEY, **WHERE)
    told = info.to_dict()
    assert told["version"] == info.version and told["serverName"] == info.server_name and told["guid"] == info.guid
    assert not info.is_cloud_instance() and not info.is_shc_member() and not info.is_captain()
    assert info.is_search_head() in (True, False)
    raises(server_info.ServerInfoException, info.get_shc_members)
    raises(server_info.ServerInfoException, info.captain_info)
    raises(server_info.ServerInfoException, info.is_captain_ready)


def times() -> None:
    parser = time_parser.TimeParser(KEY, **WHERE)
    assert parser.to_seconds("2011-07-06T21:54:23.000-07:00") == 1310014463.0
    assert parser.to_utc("2011-07-06T21:54:23.000-07:00").isoformat() == "2011-07-07T04:54:23"
    assert parser.to_local("2011-07-06T21:54:23.000-07:00")
    raises(time_parser.InvalidTimeFormatException, parser.to_seconds, "2011-07-06T21:54:23.000-07;00")


AREAS = (
    session, rest, acl, alerts, bulletins, confs, credentials, hec_settings, hec_events, object_access, app_capabilities, users,
    checkpoints, server, times,
)  # fmt: skip


def main() -> None:
    SplunkRestClient(KEY, "search", owner="nobody", **WHERE).apps.create(APP)
    found = {}
    for area in AREAS:
        try:
            area()
            found[area.__name__] = ""
        except Exception:
            found[area.__name__] = traceback.format_exc(limit=-3)
    sys.stdout.write(json.dumps(found))


main()
