"""Downloads are kept by what they are, checked, and go on where they were cut."""

from __future__ import annotations

import hashlib
import io
import json
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from caltrop.replay import downloads as module
from caltrop.replay.downloads import DatasetError, Downloads, Unreachable

URL = "https://host/set/x.log"
BODY = bytes(range(256)) * 8


class Reply(io.BytesIO):
    def __init__(self, body: bytes, status: int, headers: dict[str, str], url: str) -> None:
        super().__init__(body)
        self.status, self.url, self.headers = status, url, headers


class Host:
    """A server in place of the network: it may cut, know marks, and serve ranges."""

    def __init__(self, body: bytes = BODY) -> None:
        self.body, self.mark, self.cut, self.ranges, self.url = body, '"one"', 0, True, URL
        self.asked: list[dict[str, str]] = []
        self.status = 200

    def open(self, request: urllib.request.Request, timeout: float) -> Reply:
        asked = {name.lower(): value for name, value in request.header_items()}
        self.asked.append(asked)
        if self.status != 200:
            raise urllib.error.HTTPError(URL, self.status, "no", Message(), None)
        start = int(asked.get("range", "bytes=0-")[6:-1])
        if start and start >= len(self.body):
            raise urllib.error.HTTPError(URL, 416, "no", Message(), None)
        goes_on = bool(start) and self.ranges and asked.get("if-range") == self.mark
        rest = self.body[start:] if goes_on else self.body
        headers = {"Content-Length": str(len(rest)), "ETag": self.mark}
        if goes_on:
            headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        return Reply(rest[: self.cut] if self.cut else rest, 206 if goes_on else 200, headers, self.url)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host()
    monkeypatch.setattr(urllib.request, "urlopen", made.open)
    monkeypatch.setattr(module, "CHUNK", 100)
    return made


def test_kept_by_what_it_is_and_asked_for_once(tmp_path: Path, host: Host) -> None:
    cache = Downloads(tmp_path)
    assert cache.find(URL) is None
    seen: list[tuple[int, int | None]] = []
    path = cache.fetch(URL, progress=lambda so_far, total: seen.append((so_far, total)))
    assert path == tmp_path / hashlib.sha256(BODY).hexdigest() / "x.log" and path.read_bytes() == BODY
    assert seen[0] == (0, len(BODY)) and seen[-1] == (len(BODY), len(BODY))
    assert cache.fetch(URL) == cache.find(URL) == path and len(host.asked) == 1
    assert cache.find("https://other/y.log", hashlib.sha256(BODY).hexdigest().upper()) == path
    assert list(cache.damaged()) == []
    path.write_bytes(b"other")
    assert list(cache.damaged()) == [path]


def test_what_was_cut_goes_on(tmp_path: Path, host: Host) -> None:
    cache = Downloads(tmp_path)
    host.cut = 700
    with pytest.raises(Unreachable, match="cut after 700 of") as caught:
        cache.fetch(URL)
    assert "700 bytes are kept" in (caught.value.hint or "")
    host.cut = 0
    assert cache.fetch(URL).read_bytes() == BODY
    assert host.asked[1]["range"] == "bytes=700-" and host.asked[1]["if-range"] == '"one"'


@pytest.mark.parametrize("change", ["another file", "no ranges", "no mark", "weak mark"])
def test_what_cannot_go_on_starts_again(tmp_path: Path, host: Host, change: str) -> None:
    cache = Downloads(tmp_path)
    host.cut = 700
    host.mark = {"no mark": "", "weak mark": 'W/"one"'}.get(change, host.mark)
    with pytest.raises(Unreachable):
        cache.fetch(URL)
    host.cut = 0
    if change == "another file":
        host.body, host.mark = BODY[::-1], '"two"'
    host.ranges = change != "no ranges"
    assert cache.fetch(URL).read_bytes() == host.body


def test_a_rest_that_is_not_there_is_another_file(tmp_path: Path, host: Host) -> None:
    cache = Downloads(tmp_path)
    host.cut = 700
    with pytest.raises(Unreachable):
        cache.fetch(URL)
    host.cut, host.body = 0, BODY[:600]
    assert cache.fetch(URL).read_bytes() == BODY[:600]


def test_what_is_not_what_was_pinned_is_not_kept(tmp_path: Path, host: Host) -> None:
    cache = Downloads(tmp_path)
    with pytest.raises(DatasetError, match="not what was pinned: sha256"):
        cache.fetch(URL, sha256="0" * 64)
    with pytest.raises(DatasetError, match="2,048 bytes, pinned are 3,000"):
        cache.fetch(URL, size=3000)
    with pytest.raises(DatasetError, match="larger than 500 bytes"):
        cache.fetch(URL, size=500)
    assert cache.find(URL) is None and not [
        p for p in (tmp_path / "parts").iterdir() if p.suffix != ".lock" and p.stat().st_size == 2048
    ]


@pytest.mark.parametrize(
    ("status", "kind", "says"), [(404, DatasetError, "does not exist any more"), (503, Unreachable, "cannot download")]
)
def test_what_the_server_says(tmp_path: Path, host: Host, status: int, kind: type[Exception], says: str) -> None:
    host.status = status
    with pytest.raises(kind, match=says) as caught:
        Downloads(tmp_path).fetch(URL)
    assert type(caught.value) is kind


def test_nothing_but_https(tmp_path: Path, host: Host) -> None:
    with pytest.raises(DatasetError, match="https only"):
        Downloads(tmp_path).fetch("http://host/x")
    host.url = "http://host/x"
    with pytest.raises(DatasetError, match="redirects to http://host/x"):
        Downloads(tmp_path).fetch(URL)


def test_a_record_that_cannot_be_read_counts_as_none(tmp_path: Path, host: Host) -> None:
    cache = Downloads(tmp_path)
    cache.fetch(URL)
    (record,) = (tmp_path / "urls").iterdir()
    known: dict[str, Any] = json.loads(record.read_text())
    assert known["url"] == URL
    record.write_text("[")
    assert cache.find(URL) is None
    assert cache.fetch(URL).read_bytes() == BODY
