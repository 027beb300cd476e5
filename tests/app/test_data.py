"""tests/data holds what its README says: the same scenario twice, and the hits, told by plain Python."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from caltrop_enrich.enrich import Enricher

SEED = ("invoke-wmimethod", "-cn", "-class win32_process", "-name create")
KINDS = ("wmi", "benign")


def classic(data: Path, kind: str) -> dict[str, dict[str, str]]:
    """Record number -> fields of each classic event; Message runs to its end."""
    text = (data / f"{kind}_powershell_classic.log").read_text(encoding="utf-8")
    events = re.split(r"(?m)^(?=\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [AP]M$)", text)[1:]
    found = {}
    for event in events:
        head, message = event.split("Message=", 1)
        fields = dict(line.split("=", 1) for line in head.splitlines()[1:])
        found[fields["RecordNumber"]] = {**fields, "Message": message}
    return found


def xml(data: Path, name: str) -> dict[str, dict[str, str]]:
    """Record number -> EventCode, script or payload, computer of each XML event."""
    found = {}
    for event in re.findall(r"<Event .*?</Event>", (data / name).read_text(encoding="utf-8"), re.DOTALL):
        one = {tag: re.search(rf"<{tag}>([^<]*)<", event) for tag in ("EventID", "EventRecordID", "Computer")}
        text = re.search(r"<Data Name='(?:ScriptBlockText|Payload)'>([^<]*)<", event)
        assert text and all(one.values())
        record = {tag: match[1] for tag, match in one.items() if match}
        found[record["EventRecordID"]] = {**record, "text": html.unescape(text[1]), "_raw": event}
    return found


def documented(data: Path, column: int) -> set[str]:
    """The record numbers that README's table marks as hits in a column."""
    rows = [line.split("|") for line in (data / "README.md").read_text().splitlines() if re.match(r"\| 4\d{4}", line)]
    return {row[1].strip() for row in rows if row[column].strip() == "hit"}


@pytest.fixture
def data(root: Path) -> Path:
    return root / "tests" / "data"


@pytest.mark.parametrize("kind", KINDS)
def test_both_renderings_are_the_same_events(data: Path, kind: str) -> None:
    left, right = classic(data, kind), xml(data, f"{kind}_powershell_xml.log")
    assert list(left) == list(right)
    for record, event in left.items():
        assert (event["EventCode"], event["ComputerName"]) == (right[record]["EventID"], right[record]["Computer"])
        assert right[record]["text"].strip() in event["Message"]


@pytest.mark.parametrize(("kind", "count"), [("wmi", 5), ("benign", 0)])
def test_hits_of_the_seed(data: Path, kind: str, count: int) -> None:
    hits = {
        record
        for record, event in classic(data, kind).items()
        if event["EventCode"] == "4104" and all(word in event["Message"].lower() for word in SEED)
    }
    assert len(hits) == count
    assert kind == "benign" or hits == documented(data, 3)


def test_the_seed_needs_its_event_code_and_one_event(data: Path) -> None:
    """All four words stand in an event 4103, and in the events of one user and of one script block taken together."""
    events = classic(data, "wmi")
    assert any(e["EventCode"] == "4103" and all(w in e["Message"].lower() for w in SEED) for e in events.values())
    for records in (("41240", "41244", "41249"), ("41264", "41268")):
        together = " ".join(events[record]["Message"] for record in records).lower()
        assert all(word in together for word in SEED)


def test_hits_of_the_siblings(data: Path) -> None:
    """A start of a process on a named computer by Invoke-WmiMethod, told by the enrichment."""
    starts = set()
    for record, event in xml(data, "wmi_powershell_xml.log").items():
        fields = Enricher().enrich({"_raw": event["_raw"]})
        if (
            "remote_command" in fields
            and "remote_host" in fields
            and str(fields["wmi_class"]).lower() == "win32_process"
        ):
            starts.add((event["EventID"], record))
    splatted = ("4104", "41273")  # the enrichment resolves the splat, which the script block detection cannot
    assert starts - {splatted} == {("4104", r) for r in documented(data, 4)} | {
        ("4103", r) for r in documented(data, 5)
    }
    assert splatted in starts


def test_module_log_alone(data: Path) -> None:
    every = xml(data, "wmi_powershell_xml.log")
    alone = xml(data, "wmi_powershell_4103_xml.log")
    assert alone == {record: event for record, event in every.items() if event["EventID"] == "4103"}
