"""Modular inputs: what a script says of itself, its refusals, its events, and when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import splunklib.client as client
import splunklib.results as results
from splunklib.binding import HTTPError

from caltrop.splunkd.server import Server
from tests.patience import until

SCRIPT = '''
import sys
from xml.etree import ElementTree

SCHEME = """<scheme><title>Counter</title><description>It counts</description><streaming_mode>{mode}</streaming_mode>
<use_external_validation>true</use_external_validation><endpoint><args>
<arg name="amount"><title>How many</title><data_type>number</data_type><required_on_create>true</required_on_create></arg>
</args></endpoint></scheme>"""
if sys.argv[1:] == ["--scheme"]:
    print(SCHEME)
    sys.exit()
told = ElementTree.parse(sys.stdin).getroot()
settings = {{p.get("name"): p.text for p in told.iter("param")}}
if sys.argv[1:] == ["--validate-arguments"]:
    if not settings["amount"].isdigit():
        print("<error><message>amount must be a number, not " + settings["amount"] + "</message></error>")
        sys.exit(1)
    sys.exit()
assert told.findtext("session_key") and told.findtext("server_uri") and told.findtext("checkpoint_dir")
stanza = told.find("configuration/stanza").get("name")
{body}
'''
XML = """
print("<stream>")
for n in range(int(settings["amount"])):
    print(f"<event stanza='{stanza}'><time>{1700000000 + n}</time><data>event {n}\\nof &lt;{stanza}&gt;</data><host>h{n}</host></event>", flush=True)
print("<event unbroken='1'><data>one half, </data></event><event unbroken='1'><data>other half</data><done/></event></stream>")
"""
SIMPLE = """
for n in range(int(settings["amount"])):
    print("2024-01-01T00:00:00Z line", n)
"""


def make(server: Server, folder: Path, name: str, mode: str, body: str) -> None:
    app = folder / f"app_{name}"
    for path, text in (
        ("default/app.conf", "[launcher]\nversion = 1\n"),
        ("README/inputs.conf.spec", f"[{name}://<name>]\n* a comment\namount = <number>\n\n[other]\nx = <y>\n"),
        (f"bin/{name}.py", SCRIPT.format(mode=mode, body=body)),
    ):
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).write_text(text)
    server.install(app)


@pytest.fixture(scope="module")
def kinds(server: Server, service: client.Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("modular")
    make(server, folder, "counter", "xml", XML)
    make(server, folder, "lines", "simple", SIMPLE)
    yield
    for name in ("counter", "lines"):
        service.apps.delete(f"app_{name}")
    service.delete("messages/restart_required")


@pytest.fixture
def index(service: client.Service) -> Iterator[client.Index]:
    yield service.indexes.create("modular")
    service.indexes.delete("modular")


def events(service: client.Service) -> list[dict[str, str]]:
    stream = service.jobs.oneshot(
        "search index=modular | sort _time | table _time _raw host source sourcetype", output_mode="json"
    )
    return [row for row in results.JSONResultsReader(stream) if isinstance(row, dict)]


def test_what_a_kind_takes(kinds: None, service: client.Service) -> None:
    kind = service.modular_input_kinds["counter"]
    assert (kind["title"], kind["description"], kind["streaming_mode"]) == ("Counter", "It counts", "xml")
    assert kind.arguments["amount"]["data_type"] == "number"
    assert {"counter", "lines"} <= set(service.inputs.kinds)
    assert "other" not in service.inputs.kinds


def test_events_as_xml(kinds: None, service: client.Service, index: client.Index) -> None:
    made = service.inputs.create("a name", "counter", amount="2", index="modular")
    try:
        assert (made.kind, made["amount"]) == ("counter", "2")
        until(lambda: len(events(service)) == 3)
        first, second, halves = events(service)
        assert (first["_raw"], first["host"]) == ("event 0\nof <counter://a name>", "h0")
        assert (first["source"], first["sourcetype"]) == ("counter://a name", "counter")
        assert (second["host"], second["_time"][:19]) == ("h1", "2023-11-14T22:13:21")
        assert halves["_raw"] == "one half, other half"
        made.update(amount="1")  # runs again
        until(lambda: len(events(service)) == 5)
        made.disable()
        made.update(amount="4")  # does not
        made.refresh()
        assert (made["disabled"], made["amount"]) == ("1", "4")
        assert len(events(service)) == 5
    finally:
        made.delete()


def test_lines_and_an_interval(kinds: None, service: client.Service, index: client.Index) -> None:
    made = service.inputs.create("l", "lines", amount="2", index="modular", interval="1", sourcetype="st")
    try:
        until(lambda: len(events(service)) >= 4)
        assert {row["sourcetype"] for row in events(service)} == {"st"}
    finally:
        made.delete()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"amount": "many"}, "amount must be a number, not many"),
        ({}, "amount"),
        ({"amount": "1", "index": "nowhere"}, "nowhere"),
        ({"amount": "x", "index": "nowhere"}, "not x"),
    ],
)
def test_refusals(kinds: None, service: client.Service, settings: dict[str, str], words: str) -> None:
    with pytest.raises(HTTPError, match=words) as caught:
        service.inputs.create("bad", "counter", **settings)
    assert caught.value.status == 400
    assert ("bad", "counter") not in service.inputs


@pytest.mark.parametrize("what", ["the input", "the app"])
def test_removing_it_ends_the_process(
    server: Server, service: client.Service, index: client.Index, tmp_path: Path, what: str
) -> None:
    make(server, tmp_path, "endless", "simple", "import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    made = service.inputs.create("e", "endless", amount="1", index="modular", interval="1")
    run = server.daemon.intake.modular._running["endless://e"]
    until(lambda: run._process is not None)
    if what == "the input":
        made.delete()
    service.apps.delete("app_endless")
    assert not run.is_alive()
    assert run._process is not None and run._process.poll() is not None
    service.delete("messages/restart_required")


def test_a_script_that_does_not_introduce_itself(server: Server, service: client.Service, tmp_path: Path) -> None:
    make(server, tmp_path, "mute", "xml", "")
    (server.daemon.state.config.app_path("app_mute") / "bin" / "mute.py").write_text("raise SystemExit(3)\n")
    kind = service.modular_input_kinds["mute"]
    assert (kind["streaming_mode"], list(kind.arguments)) == ("simple", ["amount"])
    service.apps.delete("app_mute")
    service.delete("messages/restart_required")
