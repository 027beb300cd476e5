"""The shipped script as Splunk runs it: its own process, bytes to bytes, on each interpreter."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from caltrop_enrich import source_text
from caltrop_enrich.annotations import load
from caltrop_enrich.csv_rows import enrich_body
from caltrop_enrich.enrich import FIELDS, Enricher

from caltrop.content import enriched

from .chunked import Chunk, Row, conversation, decode_chunks, decode_rows, encode_rows, run

HIT = "Invoke-WmiMethod -CN H1,H2 -Class Win32_Process -Name create -ArgumentList 'cmd /c $ dir'"
BASE = {"ComputerName": "WS1", "User": "CORP\\u"}


def chunks_of(app: Path, python: Path, bodies: list[bytes], *args: str) -> list[Chunk]:
    data = conversation(args, bodies)
    return decode_chunks(run(python, app / "bin" / "enrichhits.py", data))


def rows_of(app: Path, python: Path, rows: list[Row], *args: str) -> list[Row]:
    _, reply = chunks_of(app, python, [encode_rows(rows)], *args)
    return reply.rows()


def test_getinfo_says_a_streaming_command(app: Path, python: Path) -> None:
    info, reply = chunks_of(app, python, [b""], "detection=Remote WMI")
    assert info.metadata["type"] == "streaming"
    assert reply.metadata["finished"] is True
    assert reply.body == b""


def test_a_hit_gets_every_field(app: Path, python: Path) -> None:
    (row,) = rows_of(app, python, [{**BASE, "Message": HIT}], "detection=Remote WMI")
    assert row == {
        **BASE,
        "Message": HIT,
        "wmi_cmdlet": "Invoke-WmiMethod",
        "remote_host": ["H1", "H2"],
        "wmi_class": "Win32_Process",
        "wmi_method": "create",
        "remote_command": "cmd /c $ dir",
        "alternate_credentials": "false",
        "mitre_technique_id": ["T1047", "T1021.003"],
        "mitre_technique": ["Windows Management Instrumentation", "DCOM"],
        "mitre_tactic": ["Execution", "Lateral Movement"],
        "kill_chain_phase": "Exploitation",
        "analytic_story": "Lateral Movement",
        "risk_score": "63",
        "risk_message": "WS1 started cmd /c $ dir on H1, H2 as CORP\\u ($missing$)",
    }


def test_every_row_comes_back_in_order(app: Path, python: Path) -> None:
    """Also where the first row of a chunk has nothing to add, and over several chunks."""
    texts = ["Get-Date", HIT, "", "iwmi -CN H9", "\n", "x" * 3_000_000]
    bodies = [encode_rows([{**BASE, "n": str(n), "Message": text} for text in texts]) for n in range(3)]
    _, *replies = chunks_of(app, python, bodies, "detection=Remote WMI")
    assert [reply.metadata["finished"] for reply in replies] == [False, False, True]
    for n, reply in enumerate(replies):
        rows = reply.rows()
        assert [row.get("Message", "") for row in rows] == texts
        assert {row["n"] for row in rows} == {str(n)}
        assert [row.get("remote_host") for row in rows] == [None, ["H1", "H2"], None, "H9", None, None]
        assert [row["risk_score"] for row in rows] == ["63"] * len(texts)
        assert rows[5]["enrichment_error"] == "only the first 262144 characters were read"
        assert "no script text" in str(rows[2]["enrichment_error"])


STRANGE: dict[str, list[Row]] = {
    "multibyte": [{"Message": "iwmi -CN sérveur-日本-\U0001f600", "Ünïcode": "é"}],
    "NUL": [{"Message": "iwmi -CN H\0\x001", "other": "a\0b", "many": ["x\0", "\0"]}],
    "control characters": [{"Message": "iwmi -CN H1 \x01\x1b\x7f\x85\u2028", "other": "a\rb\x0bc\x0cd"}],
    "quotes and commas": [{"Message": 'iwmi -CN "H,1"', "other": '",",""\n'}],
    "multivalue": [{"Message": ["iwmi -CN H1", "iwmi -CN H2"], "many": ["a$b", "$$", ";", "c\nd", "e,\"f\""]}],
    "carriage returns": [{"Message": "iwmi -CN H1\r\niwmi -CN H2\riwmi -CN H3", "other": "\r"}],
    "nothing to read": [{"other": "1"}, {"other": "2"}],
}  # fmt: skip


def test_strange_cells(app: Path, python: Path) -> None:
    """Each case a chunk: cells come back as they went, and are read."""
    _, *replies = chunks_of(app, python, [encode_rows(rows) for rows in STRANGE.values()])
    found = {}
    for (name, sent), reply in zip(STRANGE.items(), replies, strict=True):
        rows = reply.rows()
        assert [{key: row.get(key) for key in cells} for row, cells in zip(rows, sent, strict=True)] == sent, name
        found[name] = rows[0].get("remote_host")
    assert found == {
        "multibyte": "sérveur-日本-\U0001f600",
        "NUL": "H",  # NUL ends a word; what follows it binds to nothing here
        "control characters": "H1",
        "quotes and commas": "H,1",
        "multivalue": ["H1", "H2"],
        "carriage returns": ["H1", "H2", "H3"],
        "nothing to read": None,
    }


def test_invalid_utf8_and_lone_surrogates(app: Path, python: Path) -> None:
    body = b'Message,n\n"iwmi -CN H\xff\xed\xa0\x801",1\n'
    _, reply = chunks_of(app, python, [body])
    (row,) = reply.rows()
    assert row["n"] == "1" and "\ufffd" in row["remote_host"]


def test_cells_that_a_csv_reader_refuses(app: Path, python: Path) -> None:
    """A bare carriage return outside quotes, NUL, and rows with too few or too many cells."""
    body = b"n,Message,x\n1,iwmi -CN H1\r,a\rb\n2,iwmi -CN H2\n3,iwmi -CN H3,c,d,e\n\n4,iwmi\0-CN H4,\0\n"
    _, reply = chunks_of(app, python, [body])
    rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
    assert [row["n"] for row in rows] == ["1", "2", "3", "", "4"]
    assert [row["remote_host"] for row in rows] == ["H1", "H2", "H3", "", "H4"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["detection=No {such} thing"], "detection 'No {such} thing' is not in caltrop_detections.csv"),
        ([], "no detection= given"),
        (["detection=Remote WMI"], None),
        (["detection=11111111-2222-3333-4444-555555555555"], None),
    ],
)
def test_unknown_detection_is_said_once(app: Path, python: Path, args: list[str], message: str | None) -> None:
    body = encode_rows([{**BASE, "Message": HIT}])
    _, *replies = chunks_of(app, python, [body, body], *args)
    said = [text for reply in replies for _, text in reply.messages()]
    assert len(said) == (1 if message else 0)
    assert not message or message in said[0]
    for reply in replies:
        assert reply.rows()[0]["remote_host"] == ["H1", "H2"]


def test_missing_lookup_is_said_once(app: Path, python: Path, tmp_path: Path) -> None:
    for part in ("bin", "lib"):
        (tmp_path / part).symlink_to(app / part)
    (tmp_path / "bin").unlink()
    (tmp_path / "bin").mkdir()
    for path in (app / "bin").iterdir():
        (tmp_path / "bin" / path.name).symlink_to(path) if path.is_dir() else (
            tmp_path / "bin" / path.name
        ).write_bytes(path.read_bytes())
    _, reply = chunks_of(tmp_path, python, [encode_rows([{"Message": HIT}])], "detection=Remote WMI")
    assert [level for level, _ in reply.messages()] == ["WARN"]
    assert "caltrop_detections.csv" in reply.messages()[0][1]
    assert reply.rows()[0]["remote_host"] == ["H1", "H2"]


def test_field_option(app: Path, python: Path) -> None:
    row: Row = {
        "Message": "iwmi -CN A",
        "cmd": "iwmi -CN B",
        "ScriptBlockText": "iwmi -CN C",
        "Payload": "iwmi -CN D",
        "_raw": "iwmi -CN E",
    }
    assert rows_of(app, python, [row], "field=cmd")[0]["remote_host"] == "B"
    assert rows_of(app, python, [row])[0]["remote_host"] == "C"
    assert rows_of(app, python, [row], "detection=Plain")[0]["remote_host"] == "A"
    (lacking,) = rows_of(app, python, [row], "field=absent")
    assert "remote_host" not in lacking and lacking["enrichment_error"] == "no script text in absent"


def test_own_names_are_always_the_commands_own(app: Path, python: Path) -> None:
    """Fields of the same name that came in, perhaps extracted from the attacker's text, do not pass for enrichment."""
    forged: Row = {
        "Message": "iwmi -CN H1",
        "risk_score": "0",
        "remote_host": ["a", "b"],
        "url": "http://x/",
        "keep": "1",
    }
    (row,) = rows_of(app, python, [forged], "detection=Remote WMI")
    assert (row["risk_score"], row["remote_host"], row["keep"]) == ("63", "H1", "1")
    assert "url" not in row


SOURCES: dict[str, tuple[Row, Any]] = {
    "classic message": ({"Message": "Creating Scriptblock text (1 of 1):\r\niwmi -CN H1\r\n\r\nScriptBlock ID: bd5b4fe0-879a-486c-8101-2b99875d257a\r\nPath: C:\\a -CN"}, "H1"),
    "classic event": ({"_raw": "03/04/2025 08:12:22 AM\nLogName=x\nMessage=Creating Scriptblock text (1 of 2):\niwmi -CN H1\n\nScriptBlock ID: bd5b4fe0-879a-486c-8101-2b99875d257a\nPath: "}, "H1"),
    "XML event": ({"_raw": "<Event xmlns='http://schemas.test/'><EventData><Data Name='ScriptBlockText'>iwmi -CN &quot;H&amp;1&quot;</Data></EventData></Event>"}, "H&1"),
    "XML event, double quotes": ({"_raw": '<Event><Data Name="ScriptBlockText">iwmi -CN H1</Data></Event>'}, "H1"),
    "XML event 4103": ({"_raw": "<Event><Data Name='Payload'>ParameterBinding(Invoke-WmiMethod): name=\"ComputerName\"; value=\"H1\"\n</Data></Event>"}, "H1"),
    "field with entities left in": ({"ScriptBlockText": "iwmi -CN &quot;H1&quot; &gt;$null"}, "H1"),
    "field with an ampersand": ({"ScriptBlockText": "iwmi -CN 'a&lt;b' > x"}, "a&lt;b"),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_renderings(name: str) -> None:
    row, host = SOURCES[name]
    fields = Enricher().enrich(row)
    assert fields["remote_host"] == host
    assert "url" not in fields


def test_stream_and_the_short_way_say_the_same(app: Path) -> None:
    """Records through the enricher, as `stream` does, and CSV through `enrich_body`, as protocol 2 does."""
    entry = load(app / "lookups" / "caltrop_detections.csv")["Remote WMI"]
    sent: list[Row] = [{**BASE, "Message": text} for text in (HIT, "Get-Date", "iwmi -CN é\r\n1")]
    by_text = list(decode_rows(enrich_body(encode_rows(sent).decode(), Enricher(entry)).encode()))
    assert by_text == [{**row, **Enricher(entry).enrich(row)} for row in sent]


@pytest.mark.parametrize("content", ["", "name,other\nx,y\n", "\0"])
def test_a_lookup_that_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lookup.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match="lookup"):
        load(path)


def test_fields_are_named_once() -> None:
    assert len(set(FIELDS)) == len(FIELDS)


def test_checks_of_content_know_the_commands_fields() -> None:
    assert enriched.ADDS == FIELDS
    assert enriched.READS == source_text.DEFAULT_FIELDS
