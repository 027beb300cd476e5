"""`caltrop data`: where data sets are, getting them, checking them; and where clones are named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from caltrop.cli import main
from caltrop.content.config import load_config
from caltrop.content.model import AttackData
from caltrop.replay.clone import clones, find, pointer_of
from caltrop.replay.datasets import resolve
from caltrop.replay.downloads import Downloads, Unreachable

BODY = b"an event\n"
DIGEST = hashlib.sha256(BODY).hexdigest()
BASE = "https://127.0.0.1:1/media/attack_data/master"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize {len(BODY)}\n"
APP = f"""id: a
label: A
prefix: A
version: "1.0.0"
author:
  name: N
data_cache:
  {BASE}/: ../clone
"""
TESTS = f"""name: One
id: 1
search: index=x
tests:
- name: t
  attack_data:
  - data: {BASE}/datasets/here.log
  - data: {BASE}/datasets/pointer.log
  - data: {BASE}/datasets/absent.log
  - data: tests/data/own.log
    sha256: {DIGEST}
  - data: tests/data/gone.log
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    files = {
        "content/app.yml": APP,
        "content/detections/one.yml": TESTS,
        "content/detections/two.yml": f"name: Two\nid: 2\nsearch: y\ntests:\n- name: t\n  attack_data:\n  - data: {BASE}/datasets/here.log\n",
        "content/tests/data/own.log": BODY.decode(),
        "clone/datasets/here.log": BODY.decode(),
        "clone/datasets/pointer.log": POINTER,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "content"


def states(content: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    assert main(["data", "list", "--content", str(content), "--format", "json", *words]) == 0
    return {row["data"].rpartition("/")[2]: row["state"] for row in json.loads(capsys.readouterr().out)}


def test_where_each_data_set_is(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = {
        "here.log": "clone",
        "pointer.log": "pointer",
        "absent.log": "not here",
        "own.log": "repository",
        "gone.log": "missing",
    }
    assert states(content, capsys) == everything
    assert states(content, capsys, "Two") == {"here.log": "clone"}
    main(["data", "list", "--content", str(content)])
    said = capsys.readouterr()
    assert "5 data sets: 1 clone, 1 missing, 1 not here, 1 pointer, 1 repository" in said.out
    assert "1 are Git LFS pointers" in said.err
    (content / "app.yml").write_text(APP.partition("data_cache")[0])
    assert states(content, capsys)["here.log"] == "not here"
    assert states(content, capsys, "--attack-data", str(content.parent / "clone"))["here.log"] == "clone"


def test_a_pointer_pins_what_is_downloaded_for_it(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = clones(load_config(content)[0].data_cache, content)
    located = find(f"{BASE}/datasets/pointer.log", where)
    assert located is not None and located.state == "pointer" and located.path is not None
    pointer = pointer_of(located.path)
    assert pointer is not None and (pointer.sha256, pointer.size) == (DIGEST, len(BODY))
    data = AttackData(data=located.url)
    with pytest.raises(Unreachable, match="is a Git LFS pointer, not the data, and it cannot be downloaded") as caught:
        resolve(data, content, content / ".cache" / "datasets", clones=where)
    assert "git lfs pull --include 'pointer.log'" in (caught.value.hint or "")
    kept = content / ".cache" / "datasets" / DIGEST / "pointer.log"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(BODY)
    assert resolve(data, content, content / ".cache" / "datasets", clones=where).path == kept
    assert states(content, capsys)["pointer.log"] == "downloaded"


def test_fetching_says_what_cannot_be_had(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "--content", str(content)]) == 1
    said = capsys.readouterr()
    assert "cannot download" in said.err and "tests/data/gone.log is not in the repository" in said.err
    assert "0 fetched, 2 were here, 3 not to be had" in said.out
    assert main(["data", "fetch", "--content", str(content), "Two"]) == 0


def test_verifying_finds_what_changed(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "verify", "--content", str(content)]) == 0
    assert "2 of 5 data sets are here, 1 of them pinned by sha256; 0 wrong" in capsys.readouterr().out
    (content / "tests/data/own.log").write_bytes(b"another\n")
    damaged = content / ".cache" / "datasets" / DIGEST / "x.log"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"not that")
    assert list(Downloads(content / ".cache" / "datasets").damaged()) == [damaged]
    assert main(["data", "verify", "--content", str(content)]) == 1
    said = capsys.readouterr().out
    assert "is not the pinned one" in said and "is not what was downloaded" in said and "2 wrong" in said


def test_the_longest_prefix_is_asked_first(tmp_path: Path) -> None:
    for folder in ("general", "special"):
        (tmp_path / folder / "a").mkdir(parents=True)
        (tmp_path / folder / "a" / "x.log").write_text(folder)
        (tmp_path / folder / "x.log").write_text(folder)
    where = clones([("https://h/", "general"), ("https://h/a/", "special")], tmp_path)
    found = find("https://h/a/x.log?raw=true", where)
    assert found is not None and found.path == tmp_path / "special" / "x.log"
    other = find("https://elsewhere/a/x.log", where)
    assert other is None


def test_contentctls_own_caches_are_read(tmp_path: Path) -> None:
    (tmp_path / "contentctl.yml").write_text(
        f"app:\n  appid: a\n  version: 1.0.0\ntest_data_caches:\n- base_url: {BASE}\n  base_directory_name: external/attack_data\n"
    )
    assert load_config(tmp_path)[0].data_cache == ((BASE, "external/attack_data"),)
