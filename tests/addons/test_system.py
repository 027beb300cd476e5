"""The system's own layer: each pretrained source type reads a line of its well-known format, without any add-on."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from caltrop.cli import btool
from caltrop.dialect import conf
from caltrop.engine.instance import Instance
from caltrop.index.importers import ImportOptions
from caltrop.knowledge import Configuration, Knowledge, layers
from caltrop.knowledge.asking import Fault
from caltrop.knowledge.props import plan

COMBINED = '10.1.2.3 - ann [05/Mar/2024:10:11:12 +0100] "GET /shop/cart.php?id=7 HTTP/1.1" 200 512 "http://example.org/a" "agent/1.0"'
CLASSIC = """03/05/2024 10:11:12 AM
LogName=Security
EventCode=4634
Type=Information
ComputerName=pc7
Message=An account was logged off.

Subject:
\tAccount Name:\t\tann
\tLogon Type:\t\t3
"""

# source type: the text of one event, fields of it (None: there is no such field)
LINES: dict[str, tuple[str, dict[str, object]]] = {
    "access_combined": (COMBINED, {
        "clientip": "10.1.2.3", "user": "ann", "method": "GET", "uri": "/shop/cart.php?id=7", "uri_path": "/shop/cart.php", "uri_query": "id=7",
        "root": "shop", "file": "cart.php", "version": "HTTP/1.1", "status": "200", "bytes": "512", "referer": "http://example.org/a",
        "referer_domain": "http://example.org", "useragent": "agent/1.0", "cookie": None,
    }),
    "access_combined_wcookie": (COMBINED + ' "s=1"', {"cookie": "s=1", "useragent": "agent/1.0"}),
    "access_common": (COMBINED.split(' "http')[0], {"status": "200", "referer": None}),
    "apache_error": (
        "[Tue Mar 05 10:11:12.345678 2024] [proxy:error] [pid 35:tid 14] [client 10.1.2.3:5060] AH00898: no answer",
        {"module": "proxy", "log_level": "error", "pid": "35", "clientip": "10.1.2.3", "clientport": "5060"},
    ),
    "syslog": ("Mar  5 10:11:12 box7 crond[42]: job done", {"process": "crond", "pid": "42", "host": "box7"}),
    "linux_messages_syslog": ("Mar  5 10:11:12 box7 kernel: up", {"process": "kernel", "pid": None, "host": "box7"}),
    "linux_secure": ("Mar  5 10:11:12 box7 sshd[9]: Accepted publickey for ann", {"process": "sshd", "pid": "9", "host": "box7"}),
    "cisco_syslog": ("Mar  5 10:11:12 10.9.8.7 %LINK-3-UPDOWN: down", {"host": "10.9.8.7"}),
    "postfix_syslog": ("Mar  5 10:11:12 mx1 postfix/smtpd[7]: 4F9D195432C: client=a", {"process": "postfix/smtpd", "qid": "4F9D195432C", "client": "a"}),
    "sendmail_syslog": ("Mar  5 10:11:12 mx1 sendmail[7]: g3B1rJkL: to=<a@b>", {"process": "sendmail", "qid": "g3B1rJkL"}),
    "WinEventLog": (CLASSIC, {"EventCode": "4634", "LogName": "Security", "Account_Name": "ann", "Logon_Type": "3", "ComputerName": "pc7"}),
    "WinRegistry": ('03/05/2024 10:11:12.345\nevent_status="(0)ok"\nkey_path="HKLM\\\\software\\\\x"\npid=4', {"event_status": "(0)ok", "pid": "4"}),
    "ActiveDirectory": ("03/05/2024 10:11:12.345\ndcName=dc1.lab\n\tobjectClass=top|person\n\tobjectClass=user", {"dcName": "dc1.lab", "objectClass": ["top|person", "user"]}),
    "Perfmon:CPU": ('03/05/2024 10:11:12.345 +0100\ncollection="CPU"\nobject=Processor\ncounter="% User Time"\nValue=1.5', {"collection": "CPU", "object": "Processor", "counter": "% User Time", "Value": "1.5"}),
    "log4j": ("2024-03-05 10:11:12,345 [main] WARN  org.example.App - slow\n\tat a.b(C.java:1)", {"thread": "main", "log_level": "WARN", "logger": "org.example.App"}),
    "catalina": ("Mar 5, 2024 10:11:12 AM org.apache.X start\nINFO: started", {"log_level": "INFO"}),
    "mysqld_error": ("2024-03-05T10:11:12.345678Z 8 [Warning] [MY-010055] [Server] slow", {"thread_id": "8", "log_level": "Warning", "error_code": "MY-010055", "subsystem": "Server"}),
    "websphere_trlog": ("[3/5/24 10:11:12:345 CET] 0000000a WebGroup      E SRVE0026E: failed", {"thread_id": "0000000a", "component": "WebGroup", "event_type": "E", "code": "SRVE0026E"}),
    "splunkd": ("03-05-2024 10:11:12.345 +0100 WARN  TcpOutput [1234 fwd] - slow peer=p1", {"log_level": "WARN", "component": "TcpOutput", "thread_name": "fwd", "event_message": "slow peer=p1", "peer": "p1"}),
    "scheduler": ('03-05-2024 10:11:12.345 +0100 INFO  SavedSplunker - savedsearch_name="a b", status=success', {"component": "SavedSplunker", "savedsearch_name": "a b", "status": "success"}),
    "splunkd_access": ('127.0.0.1 - admin [05/Mar/2024:10:11:12.345 +0100] "GET /services/x?a=b HTTP/1.1" 200 99 "-" "sdk" - - - 7ms', {"user": "admin", "uri_path": "/services/x", "status": "200", "spent": "7"}),
    "splunkd_ui_access": ('127.0.0.1 - admin [05/Mar/2024:10:11:12.345 +0100] "GET /en-US/app/x HTTP/1.1" 200 99 "-" "b" - 65e 3ms', {"uri_path": "/en-US/app/x", "file": "x", "spent": "3"}),
    "splunk_web_access": ('127.0.0.1 - admin [05/Mar/2024:10:11:12.345 +0100] "GET /en-US/app/x/y HTTP/1.1" 200 99 "" "b" - 65e 3ms', {"root": "en-US", "file": "y", "status": "200"}),
    "splunk_web_service": ("2024-03-05 10:11:12,345 ERROR   [65e7] proxy:12 - broken", {"log_level": "ERROR", "requestid": "65e7", "component": "proxy", "event_message": "broken"}),
    "splunk_python": ("2024-03-05 10:11:12,345 +0100 INFO sendemail:139 - sent", {"log_level": "INFO", "component": "sendemail", "line": "139"}),
    "audittrail": ("Audit:[timestamp=03-05-2024 10:11:12.345, user=admin, action=search, info=granted , search='search a, b=c'][n/a]", {"user": "admin", "action": "search", "search": "search a, b=c", "b": None}),
    "stash": ('1709630000, search_name="a, b=1", n=1, a.b="x y"', {"search_name": "a, b=1", "n": "1", "a.b": "x y", "b": None}),
}  # fmt: skip


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge(Configuration(layers(addons=False)), "search")


def events(text: str, sourcetype: str, folder: Path, shipped: list[Path]) -> list[dict[str, object]]:
    """The events of a file with this text, read as the source type says, with all their fields."""
    path = folder / "data.txt"
    path.write_text(text, newline="")
    instance = Instance(None, shipped)
    instance.store.create_index("main")
    rules = instance.knowledge("search", "nobody")
    instance.add_file(
        str(path),
        ImportOptions(
            sourcetype=sourcetype, source="s", props=rules.index_time_props, transforms=rules.index_time_transform
        ),
    )
    return list(instance.search("search index=main").table.frame.iter_rows(named=True))


@pytest.mark.parametrize("sourcetype", LINES)
def test_source_types(sourcetype: str, tmp_path: Path) -> None:
    text, fields = LINES[sourcetype]
    (event,) = events(text, sourcetype, tmp_path, layers(addons=False))
    assert {name: event.get(name) for name in fields} == fields


@pytest.mark.parametrize("sourcetype", LINES)
def test_two_events_stay_two(sourcetype: str, tmp_path: Path) -> None:
    text, _ = LINES[sourcetype]
    end = "\n---splunk-admon-end-of-event---\n" if sourcetype == "ActiveDirectory" else "\n"
    assert len(events(f"{text.rstrip()}{end}{text.rstrip()}{end}", sourcetype, tmp_path, layers(addons=False))) == 2


@pytest.mark.parametrize(("sourcetype", "mark"), [("csv", ","), ("tsv", "\t"), ("psv", "|")])
def test_tables(sourcetype: str, mark: str, tmp_path: Path) -> None:
    found = events(
        f"time{mark}a{mark}b\n2024-03-05 10:11:12{mark}1{mark}x y\n", sourcetype, tmp_path, layers(addons=False)
    )
    assert [(e["a"], e["b"]) for e in found] == [("1", "x y")]


def test_json(tmp_path: Path) -> None:
    (event,) = events('{"time": "2024-03-05T10:11:12Z", "a": {"b": 1}}\n', "_json", tmp_path, layers(addons=False))
    assert event["a.b"] in ("1", 1)


def test_the_layer_is_sound(knowledge: Knowledge) -> None:
    for file in layers(addons=False)[0].glob("default/*.conf"):
        conf.read(file, strict=True)
    for name, stanza in knowledge.configuration.stanzas("props", "search").items():
        found = plan(stanza.settings)
        assert not found.faults
        for report in found.reports:
            assert not isinstance(knowledge.transform(report), Fault), f"[{name}] names transform {report}"
    assert knowledge.props.faults == []


def test_btool_shows_it_without_add_ons() -> None:
    result = CliRunner().invoke(btool.command, ["props", "access_combined", "--no-addons", "--debug"])
    assert result.exit_code == 0 and "system/default/props.conf:" in result.output.replace("\\", "/")


def test_an_app_overrides_it(tmp_path: Path) -> None:
    app = tmp_path / "mine"
    (app / "default").mkdir(parents=True)
    (app / "default" / "props.conf").write_text("[syslog]\nREPORT-syslog =\n")
    configuration = Configuration([*layers(addons=False), app])
    assert configuration.get("props", "syslog", "REPORT-syslog") == ""
    assert configuration.get("props", "syslog", "SHOULD_LINEMERGE") == "false"


def test_a_name_that_comes_again_in_a_stash_event_has_several_values(tmp_path: Path) -> None:
    text = '1709630000, search_name="x", tactic="T1, T2", tactic="T\\"3\\"", n=1, annotations="{\\"a\\":[\\"b=c\\"]}"'
    (event,) = events(text, "stash", tmp_path, layers(addons=False))
    assert event["tactic"] == ["T1, T2", 'T"3"']
    assert event["annotations"] == '{"a":["b=c"]}'


def test_collected_results_come_back_as_they_were() -> None:
    instance = Instance(None, layers(addons=False))
    instance.store.create_index("summary")
    instance.search(
        r'| makeresults | eval a="x \"q\" \\ y", b=split("1,2", ","), c="k=v, z=1", host="h9" | collect index=summary'
    )
    (row,) = instance.search("search index=summary | table a b c z orig_host").table.frame.iter_rows(named=True)
    assert row == {"a": 'x "q" \\ y', "b": ["1", "2"], "c": "k=v, z=1", "z": None, "orig_host": "h9"}
