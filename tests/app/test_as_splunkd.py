"""The command as splunkd runs it: nothing lost, nothing doubled, order kept, whatever comes and however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import ends, runs

from .chunked import Row, encode_rows
from .conftest import interpreter
from .splunkd_driver import Driver

HIT = "Invoke-WmiMethod -CN H{n} -Class Win32_Process -Name create -ArgumentList 'cmd /c {n}'"


@pytest.fixture(
    params=["3.9", *(pytest.param(version, marks=pytest.mark.slow) for version in ("3.10", "3.11", "3.12", "3.13"))]
)
def python(request: pytest.FixtureRequest) -> Path:
    """One of Splunk's interpreters in the unit tests, all of them in the slow ones."""
    found = interpreter(request.param)
    if found is None:
        pytest.skip(f"no python{request.param} on PATH or in ~/.pyenv: enrichhits was not run on it")
    return found


@pytest.fixture
def script(app: Path) -> Path:
    return app / "bin" / "enrichhits.py"


def rows_from(first: int, count: int) -> list[Row]:
    return [
        {"n": str(n), "Message": HIT.format(n=n) if n % 3 else f"Get-Date {n}"} for n in range(first, first + count)
    ]


def assert_enriched(rows: list[Row], first: int, count: int) -> None:
    assert [row["n"] for row in rows] == [str(n) for n in range(first, first + count)]
    assert [row.get("remote_host") for row in rows] == [f"H{n}" if n % 3 else None for n in range(first, first + count)]


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in pieces"])
def test_chunks_of_any_size(script: Path, python: Path, whole: bool) -> None:
    sizes = [1, 2, 0, 999, 1, 5_000] if whole else [1, 3, 0, 500]
    with Driver(python, script, ["detection=Remote WMI"], whole=whole) as splunkd:
        assert splunkd.info.metadata["type"] == "streaming"
        first = 0
        for place, size in enumerate(sizes):
            last = place == len(sizes) - 1
            answer = splunkd.execute(encode_rows(rows_from(first, size)) if size else b"", finished=last)
            assert answer.metadata["finished"] is last
            assert_enriched(answer.rows(), first, size)
            first += size
        assert splunkd.hang_up() == 0
        assert splunkd.rest() == [] and splunkd.errors == b""


@pytest.mark.slow
def test_chunks_of_fifty_thousand(script: Path, python: Path) -> None:
    with Driver(python, script) as splunkd:
        for place in range(3):
            answer = splunkd.execute(encode_rows(rows_from(place * 50_000, 50_000)), finished=place == 2)
            assert_enriched(answer.rows(), place * 50_000, 50_000)


def test_an_upstream_that_ends_early(script: Path, python: Path) -> None:
    """After getinfo, and after a chunk: what was answered is all, the process ends by itself."""
    with Driver(python, script) as splunkd:
        splunkd.hang_up()
        assert splunkd.rest() == []
    with Driver(python, script) as splunkd:
        assert_enriched(splunkd.execute(encode_rows(rows_from(0, 10))).rows(), 0, 10)
        splunkd.hang_up()
        assert splunkd.rest() == []


def test_preview(script: Path, python: Path) -> None:
    """A preview is a search of its own, of what there is so far; the rows that come again come out again, once."""
    for preview, count in ((True, 5), (True, 9), (False, 12)):
        with Driver(python, script, preview=preview) as splunkd:
            assert_enriched(splunkd.execute(encode_rows(rows_from(0, count)), finished=True).rows(), 0, count)
            assert splunkd.rest() == []


def test_an_empty_search(script: Path, python: Path) -> None:
    with Driver(python, script, ["detection=Remote WMI"]) as splunkd:
        answer = splunkd.execute(b"", finished=True)
        assert answer.metadata["finished"] is True and answer.body == b""


def test_a_header_without_rows(script: Path, python: Path) -> None:
    with Driver(python, script) as splunkd:
        assert splunkd.execute(b"n,Message,__mv_Message\n").rows() == []
        assert_enriched(splunkd.execute(encode_rows(rows_from(0, 4)), finished=True).rows(), 0, 4)


def test_three_hundred_columns_and_many_values(script: Path, python: Path) -> None:
    wide: Row = {f"column {n}": [f"a{n}", "b$;$", ""] if n % 5 == 0 else f"value, {n}" for n in range(300)}
    sent = [{**wide, **row} for row in rows_from(1, 20)]
    with Driver(python, script) as splunkd:
        rows = splunkd.execute(encode_rows(sent), finished=True).rows()
    assert_enriched(rows, 1, 20)
    assert all(row[name] == value for row in rows for name, value in wide.items())


def test_values_of_a_megabyte(script: Path, python: Path) -> None:
    long = "x" * (1 << 20)
    sent: list[Row] = [
        {"n": "1", "Message": HIT.format(n=1) + " # " + long, "other": long[:-1] + '"'},
        *rows_from(2, 3),
    ]
    with Driver(python, script) as splunkd:
        rows = splunkd.execute(encode_rows(sent), finished=True).rows()
    assert [row["n"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["Message"] == sent[0]["Message"] and rows[0]["other"] == sent[0]["other"]
    assert rows[0]["remote_host"] == "H1" and "only the first" in str(rows[0]["enrichment_error"])


def test_invalid_utf8_between_rows(script: Path, python: Path) -> None:
    body = encode_rows(rows_from(0, 5)).replace(b"Get-Date 3", b"Get-Date \xff\xfe\xed\xa0\x80")
    with Driver(python, script) as splunkd:
        answer = splunkd.execute(body, finished=True)
    assert_enriched(answer.rows(), 0, 5)


PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.app.chunked import encode_rows
from tests.app.splunkd_driver import Driver
driver = Driver(sys.argv[2], Path(sys.argv[3]))
driver.execute(encode_rows([{"Message": "iwmi -CN H1"}]))
print(driver._process.pid, flush=True)
sys.stdin.read()
"""


def test_a_parent_that_is_killed(script: Path, python: Path, root: Path) -> None:
    """The command does not outlive the process that reads it."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(root), str(python), str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None and parent.stdin is not None
    command = int(parent.stdout.readline())
    assert runs(command)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    ends(command)
    parent.stdin.close()
    parent.stdout.close()
