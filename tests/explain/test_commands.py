"""caltrop explain and caltrop search, as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from caltrop.cli import main

LOG = (
    '2026-03-01T10:00:00Z EventCode=1 user=ann process="C:\\Windows\\System32\\reg.exe"\n'
    '2026-03-01T10:01:00Z EventCode=1 user=bob process="C:\\Windows\\System32\\cmd.exe"\n'
)
DETECTION = """\
name: Odd Process
id: 3f0c1d1e-7d5c-4f0e-9a53-0f4f4a7c3a11
version: 1
creation_date: '2026-01-01'
modification_date: '2026-01-01'
author: Somebody
status: production
type: Hunting
description: Odd.
data_source: []
search: |-
  sourcetype=proc process=*regg.exe | stats count by user | `odd_process_filter`
how_to_implement: Collect.
known_false_positives: None known.
references: []
tests:
- name: One
  attack_data:
  - data: data/proc.log
    source: proc.log
    sourcetype: proc
"""
NEAREST = "`process=*regg.exe` matches none of 2 events; nearest: `C:\\Windows\\System32\\reg.exe` (1)"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "proc.log"
    path.write_text(LOG)
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    files = {
        "app.yml": "id: demo\nlabel: Demo\nversion: 1.0.0\nauthor: Somebody\n",
        "detections/odd_process.yml": DETECTION,
        "data/proc.log": LOG,
    }
    for name, text in files.items():
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "content"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main([*arguments, "--no-addons"])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_search_that_finds_nothing_says_why_on_stderr(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "search", "process=*regg.exe", "--data", str(log))
    assert (code, out) == (0, "")
    assert err == f"0 rows: stage 1 of 1 left none of 2 events: search process=*regg.exe\n{NEAREST}\n"


@pytest.mark.parametrize(("layout", "printed"), [("table", ""), ("json", ""), ("csv", "_time,_raw\n")])
def test_no_rows_are_no_table(log: Path, capsys: pytest.CaptureFixture[str], layout: str, printed: str) -> None:
    _, out, err = run(capsys, "search", "process=*regg.exe", "--data", str(log), "--format", layout)
    assert out == printed
    assert "fields: shown are" not in err and "0 rows" in err


def test_a_search_with_rows_says_nothing(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "search", "user=ann | table user", "--data", str(log)) == (0, "user\nann\n", "")


def test_a_search_without_data_says_that_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "search", "user=ann")
    assert (code, out, err) == (0, "", "0 rows: there is no data to search; name files with --data\n")
    assert "0 rows" in run(capsys, "search", "| makeresults | where false()")[2]


def test_explain_has_the_stages_and_says_so_by_its_exit_code(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "explain", "process=*regg.exe | stats count by user", "--data", str(log))
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "0 rows: stage 1 of 2 left none of 2 events: search process=*regg.exe",
        f"  {NEAREST}",
        "",
        "  in  out  stage",
        "   2    0  1 search process=*regg.exe",
        "   0    0  2 stats count by user",
    ]
    assert run(capsys, "explain", "user=ann", "--data", str(log))[:2] == (
        0,
        "1 row\n\n  in  out  stage\n   2    1  1 search user=ann\n",
    )


def test_explain_as_json(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", "process=*regg.exe", "--data", str(log), "--format", "json")
    value = json.loads(out)
    assert (code, value["rows"], value["emptied"]) == (1, 0, 1)
    assert value["findings"][0]["text"] == NEAREST


@pytest.mark.parametrize("name", ["Odd Process", "odd_process", "detections/odd_process.yml"])
def test_a_detection_is_explained_on_the_data_of_its_tests(
    repository: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, out, _ = run(capsys, "explain", name, "--content", str(repository))
    assert code == 1
    assert out.startswith("Odd Process: One\n0 rows: stage 1 of 3") and f"  {NEAREST}\n" in out
    assert "  `odd_process_filter` is search *" in out


def test_a_detection_may_be_given_other_data(repository: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "explain", "Odd Process", "--content", str(repository), "--data", str(log), "--sourcetype", "x"
    )
    assert code == 1
    assert "`sourcetype=proc` matches none of 2 events; sourcetype is `x` (2)" in out


def test_a_detection_that_is_spelt_wrong_gets_the_nearest_name(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "explain", "Odd Proces", "--content", str(repository))
    assert (code, out) == (2, "")
    assert "did you mean 'Odd Process'?" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["user=ann"], "there is no data to search"),
        (["nosuch.yml"], "there is no content here"),
        (["user=ann | stast count", "--data", "LOG"], "stast"),
    ],
)
def test_what_cannot_be_explained_is_an_error(
    log: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(log.parent)
    code, out, err = run(capsys, "explain", *[str(log) if one == "LOG" else one for one in arguments])
    assert (code, out) == (2, "")
    assert said in err
