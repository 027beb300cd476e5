"""Receivers and inputs: what is sent, what lies on the server's disk, and the kinds that an app brings."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from tests.patience import PATIENCE

from .conftest import search

Package = Callable[[str, dict[str, str]], Path]


def until(client: Client, text: str, count: int) -> list[dict[str, Any]]:
    """Rows of a search, once there are so many."""
    deadline = time.monotonic() + PATIENCE
    while len(found := search(client, text)) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def test_the_simple_receiver(admin: Client) -> None:
    answer = admin.send("receivers/simple", "one\ntwo", source="simple", sourcetype="st", host="h", index="default")
    assert answer.json() == {"index": "default", "bytes": 7, "host": "h", "source": "simple", "sourcetype": "st"}
    (row,) = search(admin, "search index=main source=simple")
    assert (row["_raw"], row["host"], row["sourcetype"]) == ("one\ntwo", "h", "st")
    text = admin.send("receivers/simple", "x", source="simple", output_mode="xml").text
    assert "<name>_index</name><value>default</value>" in text
    wrong = admin.send("receivers/simple", "x", index="nowhere")
    assert wrong.json()["messages"] == [{"type": "WARN", "text": "supplied index 'nowhere' missing"}]
    untold = admin.send("receivers/simple", "x").json()
    assert (untold["source"], untold["sourcetype"]) == ("http-simple", "unknown-too_small")


def test_lines_with_times_are_events(admin: Client) -> None:
    body = "2023-11-14 10:00:00 a\n2023-11-14 10:00:01 b\n  more\n"
    assert admin.send("receivers/stream", body, source="lines", sourcetype="timed").status == 200
    assert [r["_raw"] for r in search(admin, "search index=main source=lines | sort _time")] == [
        "2023-11-14 10:00:00 a", "2023-11-14 10:00:01 b\n  more",
    ]  # fmt: skip


def test_a_file_on_the_servers_disk(admin: Client, tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain.log", tmp_path / "packed.log.gz"
    plain.write_text("2023-11-14 10:00:00 a\n2023-11-14 10:00:01 b\n")
    packed.write_bytes(gzip.compress(b"2023-11-14 10:00:02 c\n"))
    made = admin.post(
        "data/inputs/oneshot", {"name": str(plain), "sourcetype": "shot", "host": "h", "rename-source": "renamed"}
    )
    assert (made.status, made.content["Size"]) == (201, plain.stat().st_size)
    assert len(search(admin, "search index=main source=renamed sourcetype=shot host=h")) == 2
    assert admin.post("data/inputs/oneshot", name=str(packed), index="main").status == 201
    assert len(search(admin, "search index=main source=*packed*")) == 1
    for arguments in ({"name": "relative"}, {"name": str(tmp_path)}, {"name": str(plain), "index": "nowhere"}):
        assert admin.post("data/inputs/oneshot", arguments).status == 400
    assert admin.get("data/inputs/oneshot").entries == []


def test_ports(admin: Client) -> None:
    assert admin.post("data/inputs/tcp/raw", name="9001", restrictToHost="h").names == ["h:9001"]
    assert admin.post("data/inputs/tcp/raw/h:9001", restrictToHost="other").status == 400
    assert admin.post("data/inputs/tcp/raw/h:9001", sourcetype="s").content["sourcetype"] == "s"
    for arguments in ({"name": "9001"}, {"name": "0"}, {"name": "port"}, {"name": "9002", "index": "nowhere"}):
        assert admin.post("data/inputs/tcp/raw", arguments).status == 400
    assert {"http", "monitor", "oneshot", "tcp", "udp"} <= set(admin.get("data/inputs").names)
    assert admin.get("data/inputs/tcp").names == ["cooked", "raw", "splunktcptoken", "ssl"]


# --- kinds that an app brings -------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from xml.etree import ElementTree
if "--scheme" in sys.argv:
    print('<scheme><title>Ticks</title><description>d</description><use_external_validation>true</use_external_validation>'
          '<streaming_mode>MODE</streaming_mode><endpoint><args><arg name="word"><title>Word</title>'
          '<required_on_create>true</required_on_create></arg></args></endpoint></scheme>')
    sys.exit()
told = ElementTree.fromstring(sys.stdin.read())
if "--validate-arguments" in sys.argv:
    if told.find("item/param[@name='word']").text == "bad":
        print("<error><message>not that word</message></error>")
        sys.exit(1)
    sys.exit()
key, word = told.findtext("session_key"), told.find("configuration/stanza/param[@name='word']").text
"""
AS_XML = """
print("<stream>")
print(f'<event><time>1700000000</time><data>{word} {key}</data></event>')
print('<event unbroken="1"><data>a piece </data></event><event unbroken="1"><data>of it</data><done/></event>')
print("</stream>")
"""


@pytest.fixture(scope="module")
def ticks(admin: Client, package: Package) -> None:
    spec = (
        "[ticks://<name>]\nword = <string>\n[plainticks://<name>]\nword = <string>\n[mute://<name>]\nword = <string>\n"
    )
    app = package("ticking", {
        "README/inputs.conf.spec": spec, "bin/ticks.py": SCRIPT.replace("MODE", "xml") + AS_XML,
        "bin/plainticks.py": SCRIPT.replace("MODE", "simple") + "print(word, key)\n",
    })  # fmt: skip
    assert admin.post("apps/local", name=str(app), filename=1).status == 201


def test_a_kind_says_what_it_takes(admin: Client, ticks: None) -> None:
    content = admin.get("data/modular-inputs/ticks").content
    assert (content["title"], content["streaming_mode"], list(content["endpoint"]["args"])) == (
        "Ticks",
        "xml",
        ["word"],
    )
    assert admin.get("data/modular-inputs/mute").content["title"] == "mute", "from the specification alone"
    assert {"ticks", "mute"} <= set(admin.get("data/inputs").names)
    assert admin.get("data/inputs/nothing/here").status == 404


def test_an_input_runs_and_its_session_ends_with_it(admin: Client, daemon: Daemon, ticks: None) -> None:
    made = admin.post("data/inputs/ticks", name="one", word="tick", index="main")
    assert made.status == 201, made.text
    found = until(admin, "search index=main source=ticks://one", 2)
    texts = sorted(r["_raw"] for r in found)
    assert texts[0] == "a piece of it" and texts[1].startswith("tick ")
    daemon.intake.modular.stop("ticks://one")
    key = texts[1].split()[1]
    assert Client(daemon).bearing(f"Splunk {key}").get("server/info").status == 401
    assert admin.post("data/inputs/plainticks", name="two", word="tock").status == 201
    until(admin, "search index=main source=plainticks://two", 1)
    assert admin.delete("data/inputs/plainticks/two").status == 200


def test_inputs_that_a_script_refuses(admin: Client, ticks: None, someone: Callable[[str], Client]) -> None:
    refused = admin.post("data/inputs/ticks", name="x", word="bad")
    assert (refused.status, refused.messages) == (400, ["Argument validation for scheme=ticks: not that word"])
    assert admin.post("data/inputs/ticks", name="x").messages == ["Required argument 'word' is missing"]
    assert someone("power").post("data/inputs/ticks", name="x", word="tick").status == 403
    assert admin.post("data/inputs/mute", name="x", word="anything").status == 201


def test_an_input_is_switched(admin: Client, daemon: Daemon, ticks: None) -> None:
    assert admin.post("data/inputs/ticks", name="off", word="never", disabled=1).status == 201
    assert search(admin, "search index=main source=ticks://off") == []
    assert admin.post("data/inputs/ticks/off/enable").status == 200
    until(admin, "search index=main source=ticks://off", 2)
    assert admin.post("data/inputs/ticks/off/disable").status == 200
    assert admin.post("apps/local/ticking/disable").status == 200
    assert admin.get("data/inputs/ticks").status == 404
    assert admin.post("apps/local/ticking/enable").status == 200


# --- a session of a custom command --------------------------------------------------------------------------------------

COMMAND = """
import json, sys
def read():
    head = sys.stdin.buffer.readline()
    if not head: sys.exit()
    _, meta, body = head.decode().strip().split(" ")[0], *[int(x) for x in head.decode().strip().split(",")[1:]]
    return json.loads(sys.stdin.buffer.read(meta)), sys.stdin.buffer.read(body)
def write(meta, body=b""):
    text = json.dumps(meta).encode()
    sys.stdout.buffer.write(b"chunked 1.0,%d,%d\\n" % (len(text), len(body)) + text + body)
    sys.stdout.buffer.flush()
info, _ = read()
write({"type": "streaming", "generating": True})
read()
write({"finished": True}, ("key\\n" + info["searchinfo"]["session_key"] + "\\n").encode())
"""


def test_a_session_of_a_command_ends_with_it(admin: Client, daemon: Daemon, package: Package) -> None:
    app = package("commanding", {
        "bin/tellkey.py": COMMAND, "default/commands.conf": "[tellkey]\nchunked = true\nfilename = tellkey.py\n",
        "metadata/default.meta": "[]\nexport = system\n",
    })  # fmt: skip
    assert admin.post("apps/local", name=str(app), filename=1).status == 201
    before = set(daemon.state.accounts.sessions())
    (row,) = search(admin, "| tellkey")
    assert len(row["key"]) > 20, json.dumps(row)
    assert Client(daemon).bearing(f"Splunk {row['key']}").get("server/info").status == 401
    assert set(daemon.state.accounts.sessions()) == before


OLD_COMMAND = """
import splunk.Intersplunk as si
rows, _, settings = si.getOrganizedResults()
si.outputResults([{"key": settings["sessionKey"], "owner": settings["owner"], "sid": settings["sid"], "info": settings["infoPath"]}])
"""


def test_a_session_of_an_old_command_ends_with_it_too(admin: Client, daemon: Daemon, package: Package) -> None:
    conf = "[oldkey]\nfilename = oldkey.py\npassauth = true\nrequires_srinfo = true\n"
    files = {
        "bin/oldkey.py": OLD_COMMAND,
        "default/commands.conf": conf,
        "metadata/default.meta": "[]\nexport = system\n",
    }
    assert admin.post("apps/local", name=str(package("older", files)), filename=1).status == 201
    before = set(daemon.state.accounts.sessions())
    (row,) = search(admin, "| makeresults | oldkey")
    assert row["owner"] == "admin"
    assert row["sid"]
    assert Path(row["info"]).is_relative_to(daemon.state.data_dir / "var" / "run" / "dispatch")
    assert not Path(row["info"]).exists()
    assert Client(daemon).bearing(f"Splunk {row['key']}").get("server/info").status == 401
    assert set(daemon.state.accounts.sessions()) == before
