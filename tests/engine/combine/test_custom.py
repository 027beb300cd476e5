"""Custom search commands: small scripts that speak the chunked protocol, well and badly."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from caltrop.conformance import event_frame, rows_of
from caltrop.engine import chunked, previews
from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance
from caltrop.engine.previews import Preview, Previews
from tests.patience import PATIENCE

# What every script shares: read a chunk, write a chunk.
PROTOCOL = """
import csv, io, json, re, sys
def read():
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(0)
    meta, body = map(int, re.fullmatch(rb"chunked 1\\.0,(\\d+),(\\d+)\\n", line).groups())
    return json.loads(sys.stdin.buffer.read(meta)), sys.stdin.buffer.read(body).decode()
def write(meta, body=""):
    head, body = json.dumps(meta).encode(), body.encode()
    sys.stdout.buffer.write(b"chunked 1.0,%d,%d\\n" % (len(head), len(body)) + head + body)
    sys.stdout.buffer.flush()
def table(rows):
    out = io.StringIO()
    if rows:
        names = list(dict.fromkeys(n for row in rows for n in row))
        writer = csv.DictWriter(out, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue()
def rows(body):
    return list(csv.DictReader(io.StringIO(body)))
info, _ = read()
"""

UPPER = """
write({"type": "streaming"})
n = 0
while True:
    meta, body = read()
    n += 1
    write({"finished": meta["finished"]}, table([{**r, "x": r["x"].upper(), "chunk": n} for r in rows(body)]))
"""

Search = Callable[..., Any]


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    """search(script, spl): run SPL where the command `mine` is that script."""

    def run(
        script: str, spl: str, *, conf: str = "chunked = true", seconds: float = PATIENCE, rows: int = 50_000,
        looks: Previews | None = None,
    ) -> Any:  # fmt: skip
        monkeypatch.setattr(chunked, "SECONDS", seconds)
        app = tmp_path / "search"
        for folder in ("bin", "default", "metadata"):
            (app / folder).mkdir(parents=True, exist_ok=True)
        (app / "bin" / "mine.py").write_text(PROTOCOL + textwrap.dedent(script))
        (app / "default" / "commands.conf").write_text(f"[mine]\nfilename = mine.py\n{conf}\n")
        (app / "default" / "limits.conf").write_text(f"[searchresults]\nmaxresultrows = {rows}\n")
        (app / "metadata" / "default.meta").write_text("[]\nexport = system\n")
        instance = Instance(None, [app], now=1_700_000_000.0)
        instance.store.create_index("main")
        instance.store.append(event_frame([{"_raw": "one"}]))
        return instance.search(spl, previews=looks)

    return run


def test_streaming_sees_one_chunk_after_the_other(search: Search) -> None:
    result = search(UPPER, '| makeresults count=5 | eval x="a" | mine | stats count by x chunk', rows=2)
    assert [(r["x"], r["chunk"], r["count"]) for r in rows_of(result.table)] == [
        ("A", "1", "2"), ("A", "2", "2"), ("A", "3", "1")
    ]  # fmt: skip


def test_streaming_keeps_events_and_reporting_does_not(search: Search) -> None:
    assert not search(UPPER, 'search index=main | eval x="a" | mine').is_transforming
    script = """
    write({"type": "reporting"})
    read()
    write({"finished": True}, table([{"n": 1}]))
    """
    result = search(script, "search index=main | mine")
    assert result.is_transforming
    assert len(result.events) == 1


def test_reporting_runs_its_map_phase_first(search: Search) -> None:
    script = """
    mapping = "__map__" in info["searchinfo"]["args"]
    write({"type": "streaming"} if mapping else {"type": "reporting", "streaming_preop": "mine __map__"})
    total = 0
    while True:
        meta, body = read()
        total += sum(int(r.get("n", 0)) for r in rows(body))
        done = meta["finished"]
        # The map phase doubles, so that the sum shows that it ran.
        write({"finished": done}, table([{"n": 2 * total if mapping else total}]) if done else "")
    """
    result = search(script, "| makeresults count=3 | streamstats count AS n | mine")
    assert rows_of(result.table) == [{"n": "12"}]


def test_generating(search: Search) -> None:
    script = """
    write({"generating": True, "type": "reporting"})
    for n in range(3):
        read()
        write({"finished": n == 2}, table([{"n": n, "_time": 1.5}]))
    """
    result = search(script, "| mine | eval m=n+1")
    assert [(r["n"], r["m"], r["_time"]) for r in rows_of(result.table)] == [
        ("0", "1", "1.5"), ("1", "2", "1.5"), ("2", "3", "1.5")
    ]  # fmt: skip
    with pytest.raises(SearchError, match="must be the first command"):
        search(script, "| makeresults | mine")


def test_rows_of_a_generating_command_are_shown_as_they_come(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("QUIET", 0.0), ("INTERVAL", 0.0), ("SHARE", 1e9)):
        monkeypatch.setattr(previews, name, value)
    script = """
    write({"generating": True, "type": "reporting"})
    for n in range(3):
        read()
        write({"finished": n == 2}, table([{"n": n, "_time": 1.5}]))
    """
    seen: list[Preview] = []
    result = search(script, "| mine | eval m=n+1", looks=Previews(seen.append, lambda: True))
    assert [len(preview.table) for preview in seen if preview.table is not None] == [1, 2, 3]
    last = seen[-1].table
    assert last is not None and last.frame.equals(result.table.frame)


def test_arguments_and_searchinfo(search: Search) -> None:
    script = """
    write({"type": "streaming"})
    meta, body = read()
    about = info["searchinfo"]
    shown = {"args": "|".join(about["args"]), "raw": "|".join(about["raw_args"]), "app": about["app"], "command": about["command"]}
    write({"finished": True}, table([shown]))
    """
    result = search(script, '| makeresults | mine field=x limit=3 "two words" plain')
    assert rows_of(result.table) == [
        {
            "args": "field=x|limit=3|two words|plain",
            "raw": 'field=x|limit=3|"two words"|plain',
            "app": "search",
            "command": "mine",
        }
    ]


def test_multivalues_travel_both_ways(search: Search) -> None:
    script = """
    write({"type": "streaming"})
    meta, body = read()
    row = rows(body)[0]
    write({"finished": True}, table([{"a": row["a"], "got": row["__mv_a"], "b": "1\\n$2", "__mv_b": "$1$;$$$2$"}]))
    """
    result = search(script, '| makeresults | eval a=split("x;$y",";") | mine')
    assert rows_of(result.table) == [{"a": "x\n$y", "got": "$x$;$$$y$", "b": ["1", "$2"]}]


def test_messages(search: Search) -> None:
    script = """
    write({"type": "streaming", "inspector": {"messages": [["WARN", "mind this"], ["INFO", "so far"]]}})
    meta, body = read()
    write({"finished": True, "inspector": {"messages": [["ERROR", "went wrong"]]}} if "fail" in info["searchinfo"]["args"]
          else {"finished": True}, body)
    """
    result = search(script, "| makeresults | mine")
    assert [(m.severity, m.text) for m in result.messages] == [("WARN", "mind this"), ("INFO", "so far")]
    with pytest.raises(SearchError, match="mine: went wrong"):
        search(script, "| makeresults | mine fail")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sys.stderr.write('no luck'); sys.exit(3)", r"ended early \(exit code 3\): no luck"),
        ("write({}); read(); sys.exit(4)", r"ended early \(exit code 4\)"),
        ("print('hello')", "which is no chunk"),
        ("sys.stdout.write('chunked 1.0,5,0\\nxxxxx'); sys.stdout.flush()", "not JSON"),
        ("sys.stdout.write('chunked 1.0,2,0\\n[]'); sys.stdout.flush()", "not an object"),
        ("sys.stdout.write('chunked 1.0,2,99\\n{}abc'); sys.stdout.flush()", "ended early"),
        ("sys.stdout.write('chunked 1.0,2,999999999999\\n'); sys.stdout.flush()", "more than is allowed"),
        ("write({'error': 'bad arguments'})", "bad arguments"),
    ],
)  # fmt: skip
def test_failures_are_errors_of_the_search(search: Search, script: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        search(script, "| makeresults | mine")


def test_a_hanging_command_is_ended(search: Search) -> None:
    with pytest.raises(SearchError, match=r"took longer than 0\.5 s"):
        search("import time; time.sleep(60)", "| makeresults | mine", seconds=0.5)


def test_what_a_command_started_is_ended_with_it(search: Search) -> None:
    script = """
    import subprocess
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])  # holds the pipe open
    sys.exit(5)
    """
    with pytest.raises(SearchError, match=r"took longer than 0\.5 s"):
        search(script, "| makeresults | mine", seconds=0.5)


def test_endless_output_is_bounded(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked, "REPLY_LIMIT", 10_000)
    script = """
    write({"generating": True})
    while True:
        read()
        write({"finished": False}, table([{"x": "y" * 4000}]))
    """
    with pytest.raises(SearchError, match="more than 10,000 bytes"):
        search(script, "| mine")


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ("chunked = true\nfilename = ../x.py", "outside bin/"),
        ("chunked = true\nfilename = gone.py", "missing: gone.py"),
        ("chunked = true\ndisabled = true", "unknown command"),
    ],
)
def test_what_commands_conf_says_is_checked(search: Search, conf: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        search(UPPER, "| makeresults | mine", conf=conf)


def test_encode_and_decode_are_inverse() -> None:
    frame = pl.DataFrame(
        {
            "a": pl.Series(["x", None, 'q"u,o\nte'], dtype=pl.String),
            "b": pl.Series([["1", "$2"], ["one"], None], dtype=pl.List(pl.String)),
        }
    )
    assert chunked.decode(chunked.encode(frame)).to_dicts() == frame.to_dicts()
