"""Files that are really dropped on the page: one, several, an archive, an event log; and what is no file, or nothing."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import pytest

from caltrop.splunkd.inprocess import Client
from tests.console.conftest import Console
from tools import evtx_file, fuzz

DROP = """
([selector, files, folders]) => {
  const data = new DataTransfer();
  for (const [name, encoded] of files) {
    const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
    data.items.add(new File([bytes], name));
  }
  const place = document.querySelector(selector);
  const send = (kind, transfer) => place.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  const over = send("dragover", data);
  const marked = place.classList.contains("over");
  if (folders.length) {
    // What a browser hands over for a folder: an item whose entry is a directory. No script can make one, so the event's items stand in.
    const items = [...data.items, ...folders.map((name) => ({ kind: "file", getAsFile: () => new File([], name), webkitGetAsEntry: () => ({ isDirectory: true, name }) }))];
    const event = new DragEvent("drop", { bubbles: true, cancelable: true });
    Object.defineProperty(event, "dataTransfer", { value: { items, files: data.files } });
    place.dispatchEvent(event);
    return [over, event.defaultPrevented];
  }
  return [over, send("drop", data)];
}
"""


def drop(page: Any, files: dict[str, bytes], folders: tuple[str, ...] = ()) -> None:
    page.locator(".drop").wait_for()
    encoded = [[name, base64.b64encode(data).decode()] for name, data in files.items()]
    page.evaluate(DROP, [".drop", encoded, list(folders)])


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def count(admin: Client, index: str) -> int:
    return int(admin.get(f"data/indexes/{index}").content["totalEventCount"])


LINES = b"2026-03-02T10:00:00Z first\n2026-03-02T10:00:01Z second\n"
TABLE = b"_time,user\n1772445600,ann\n1772445601,bob\n1772445602,carl\n"


@pytest.fixture
def data(console: Console) -> Console:
    console.open("/en-US/console/data")
    return console


def test_several_files_are_dropped_and_each_is_indexed(data: Console, admin: Client) -> None:
    page = data.page
    drop(page, {"two.log": LINES, "Three Users.csv": TABLE})
    for name, events, index in (("two.log", 2, "two"), ("Three Users.csv", 3, "three_users")):
        one = page.get_by_role("region", name=name, exact=True)
        one.get_by_text(f"{events} events").wait_for()
        assert one.get_by_label("Index").input_value() == index
        one.get_by_role("button", name="Index", exact=True).click()
        one.get_by_text(f"{events} events are in the index {index}.").wait_for()
        assert count(admin, index) == events
    data.accessible()
    page.get_by_role("button", name="Put two.log away").click()
    assert page.get_by_role("region", name="two.log").count() == 0
    drop(page, {"two.log": LINES, "other/two.log": TABLE})
    page.get_by_role("region", name="two.log", exact=True).nth(0).get_by_label("Index").wait_for()
    proposed = page.get_by_label("Index", exact=True).evaluate_all("els => els.map((el) => el.value)")
    assert len(set(proposed)) == len(proposed) == 3, "files of one name go to indexes of their own"


def test_an_event_log_and_an_archive_of_files_are_read(data: Console, admin: Client) -> None:
    page = data.page
    log = evtx_file.write([fuzz.EVENT] * 3)
    drop(page, {"security.evtx": log, "both.zip": zipped({"a/two.log": LINES, "three.csv": TABLE})})
    events = page.get_by_role("region", name="security.evtx", exact=True)
    events.get_by_text("3 events, source type XmlWinEventLog").wait_for()
    events.get_by_text("<Channel>", exact=False).first.wait_for()
    archive = page.get_by_role("region", name="both.zip", exact=True)
    archive.get_by_text("5 events").wait_for()
    archive.get_by_role("button", name="Index", exact=True).click()
    archive.get_by_text("5 events are in the index both.").wait_for()
    assert count(admin, "both") == 5


def test_what_is_nothing_is_said(data: Console) -> None:
    page = data.page
    drop(page, {"empty.log": b"", "two.log": LINES}, ("logs",))
    page.get_by_text("logs is a folder: drop the files in it, or an archive of it.").wait_for()
    page.get_by_text("empty.log is empty.").wait_for()
    page.get_by_role("region", name="two.log").get_by_text("2 events").wait_for()
    assert page.get_by_role("region", name="empty.log").count() == 0
    data.accessible()
    drop(page, {})
    page.get_by_text("That was no file").wait_for()
    drop(page, {"broken.zip": b"PK\x03\x04 and nothing more"})
    page.get_by_role("region", name="broken.zip").locator(".notice").first.wait_for()
