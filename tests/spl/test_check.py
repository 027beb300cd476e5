"""caltrop spl check: every kind of file, the place of an error, the summary and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from caltrop.cli import main
from caltrop.searchfiles import searches


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = main(["spl", "check", *args])
    out, err = capsys.readouterr()
    return code, out, err


def test_spl_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.spl"
    file.write_text('index=a\n| eval x="open\n')
    code, out, err = run(capsys, str(file))
    assert (code, out) == (1, "parsed 0 of 1\n")
    assert err.startswith(f"{file}:2:10: unbalanced quotes")


def test_conf_with_continuation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "savedsearches.conf"
    file.write_text(
        "[one]\nsearch = index=a \\\n| head 5 \\\n| stats count(\ndisabled = 0\n[two]\nsearch=index=b\n[three]\nsearch =\n"
    )
    code, out, err = run(capsys, str(file))
    assert (code, out) == (1, "parsed 1 of 2\n")
    assert err.startswith(f"{file}:4:")


@pytest.mark.parametrize(
    "style",
    ["search: 'index=a | where x='\n", "search: |-\n  index=a\n  | where x=\n", "search: >\n  index=a\n  | where x=\n"],
)
def test_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str], style: str) -> None:
    file = tmp_path / "d.yml"
    file.write_text("name: d\n" + style)
    code, out, err = run(capsys, str(tmp_path))
    assert (code, out) == (1, "parsed 0 of 1\n")
    line = 2 if "'" in style else 4
    assert err.startswith(f"{file}:{line}:")


def test_json_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "s.txt"
    records = [{"search": "index=a"}, {"query": "index=a | where ("}, {"spl": "index=a"}, {"other": 1}]
    file.write_text("\n".join(map(json.dumps, records)) + "\nnot json\n")
    code, out, err = run(capsys, "--jsonl", str(file))
    assert (code, out) == (1, "parsed 2 of 5\n")
    assert [line.split(": ")[0] for line in err.splitlines() if not line.startswith(" ")] == [
        f"{file}:2:18",
        f"{file}:4:1",
        f"{file}:5:1",
    ]


def test_lints_do_not_fail_and_can_be_silenced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.spl"
    file.write_text("index=* error")
    code, out, err = run(capsys, str(file))
    assert (code, out) == (0, "parsed 1 of 1\n")
    assert err.startswith(f"{file}:1:1: index-wildcard: ")
    assert run(capsys, "--ignore", "index-wildcard", str(file))[2] == ""
    assert run(capsys, "--no-lint", str(file))[2] == ""


def test_nothing_to_check_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys)[0] == 2


@pytest.mark.shared
def test_a_folder_of_detections(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--no-lint", str(shared / "corpus" / "escu-2026" / "detections"))
    assert (code, err) == (0, "")
    parsed, total = out.split()[1], out.split()[3]
    assert parsed == total and int(total) > 40


def test_a_conf_file_gives_every_search_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "savedsearches.conf"
    path.write_text(
        "[a]\n  search = search x \\\n  | stast count\n# search = | nope\n[a]\nsearch = | alsono\n", newline=""
    )
    first, second = searches(path)
    assert str(first.place(first.text.index("stast"))) == f"{path}:3:5"
    assert str(second.place(0)) == f"{path}:6:10"


def test_a_binary_conf_file_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "x.conf"
    path.write_bytes(b"[a]\nsearch = \0\n")
    (found,) = searches(path)
    assert (found.text, str(found.place(0))) == ("", f"{path}:2:10")
    assert found.broken is not None and "NUL" in found.broken
