"""Tables that multikv.conf describes: as `KV_MODE = multi:<stanza>` and as `multikv conf=<stanza>`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from caltrop.conformance import rows_of
from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance

TOP = """\
Tasks: 3 total
load 0.1
 PID USER  %CPU COMMAND
   1 root   0.1 init
  22 ann   12.5 python -m http
Tasks: 4 total
 PID USER  %CPU COMMAND
  22 ann    3.5 python
"""
TOP_CONF = r"""
[top]
pre.start = "^Tasks"
pre.end = "PID"
pre.ignore = _all_
header.start = "PID"
header.linecount = 1
header.replace = "%" = "pct_"
header.tokens = _tokenize_, -1, " "
body.end = "^Tasks"
body.tokens = _tokenize_, 0, " "
"""
LS = """\
total 12
drwxr-x--- 2 ann staff 40 Mar 3 10:15 src
-rw-r--r-- 1 ann staff 12 Mar 3 10:16 a.cpp
-rw-r--r-- 1 bob staff 99 Mar 14 09:02 b.cpp
-rw-r--r-- 1 bob staff 1 Mar 14 09:02 c.h
"""
LS_CONF = r"""
[ls]
pre.start = "total"
pre.linecount = 1
header.tokens = _token_list_, mode, links, user, group, size, date, name
body.end = "^\s*$"
body.member = "\.cpp"
body.replace = "(\w{3})\s+(\d{1,2})\s+(\d\d:\d\d)" = "\1_\2_\3"
body.ignore = _regex_ "^d.*", "bob.*b\.cpp"
body.tokens = _tokenize_, 0, " "
"""
FIXED = "id name\n01 ann\n02 bob\n"
FIXED_CONF = r"""
[fixed]
header.linecount = 1
body.tokens = _chop_, (0, 2), (3, 2)
"""
CSV = "a;b;c\n1;;3\n"
CSV_CONF = r"""
[csv]
header.linecount = 1
header.tokens = _tokenize_, -1, ";", false
body.tokens = _tokenize_, -1, ";", false
"""
TWO = "x\n1\n\ny\n2\n"
TWO_CONF = '[two]\nheader.linecount = 1\nbody.end = "^$"\n'
CASES: dict[str, tuple[str, str, list[dict[str, str]]]] = {
    "top": (TOP_CONF, TOP, [
        {"PID": "1", "USER": "root", "pct_CPU": "0.1", "COMMAND": "init"},
        {"PID": "22", "USER": "ann", "pct_CPU": "12.5", "COMMAND": "python -m http"},
        {"PID": "22", "USER": "ann", "pct_CPU": "3.5", "COMMAND": "python"},
    ]),
    "ls": (LS_CONF, LS, [
        {"mode": "-rw-r--r--", "links": "1", "user": "ann", "group": "staff", "size": "12", "date": "Mar_3_10:16", "name": "a.cpp"},
    ]),
    "fixed": (FIXED_CONF, FIXED, [{"id": "01", "name": "an"}, {"id": "02", "name": "bo"}]),
    "csv": (CSV_CONF, CSV, [{"a": "1", "c": "3"}]),
    "two": (TWO_CONF, TWO, [{"x": "1"}, {"y": "2"}]),
}  # fmt: skip


def instance(tmp_path: Path, conf: str, raw: str, name: str) -> Instance:
    app = tmp_path / "app"
    files = {"default/multikv.conf": conf, "default/props.conf": f"[st]\nKV_MODE = multi:{name}\n",
             "metadata/default.meta": "[]\nexport = system\n"}  # fmt: skip
    for path, text in files.items():
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).write_text(text)
    made = Instance(None, [app], now=1.7e9)
    made.store.create_index("main")
    frame = pl.DataFrame({"_raw": [raw], "source": ["s"], "sourcetype": ["st"], "host": ["h"], "index": ["main"]})
    made.store.append(frame.with_columns(_time=1.7e9, _indextime=1.7e9))
    return made


@pytest.mark.parametrize("name", CASES)
def test_a_described_table(name: str, tmp_path: Path) -> None:
    conf, raw, expected = CASES[name]
    made = instance(tmp_path, conf, raw, name)
    names = " ".join(dict.fromkeys(field for row in expected for field in row))
    by_command = made.search(f"search index=main | table _raw | multikv conf={name} | table {names}")
    assert [{k: v for k, v in row.items() if v} for row in rows_of(by_command.table)] == expected
    by_mode = made.search(f"search index=main | table {names}")
    (found,) = by_mode.table.frame.rows(named=True)
    every: dict[str, list[Any]] = {}
    for row in expected:
        for field, value in row.items():
            every.setdefault(field, []).append(value)
    assert {k: v if isinstance(v, list) else [v] for k, v in found.items() if v is not None} == every
    assert not by_command.messages and not by_mode.messages


@pytest.mark.parametrize(
    ("conf", "line", "what"),
    [
        ("[t]\nheader.linecount = 1\n", 2, "describes no body"),
        ("[t]\nbody.start = (\n", 2, "missing closing parenthesis"),
        ("[t]\nbody.linecount = many\n", 2, "expected a whole number"),
        ("[t]\nbody.linecount = 3\nbody.tokens = _cut_, 3\n", 3, "expected _tokenize_, _chop_"),
        ("[t]\nbody.ignore = some\n", 2, "expected _all_, _none_ or _regex_"),
        ("[t]\nbody.tokens = _align_, PID\n", 2, "a header, L or R"),
        ("[other]\nbody.linecount = 3\n", 0, "no [t] in multikv.conf"),
    ],
)
def test_a_description_that_is_none_is_told_and_the_header_line_is_used(
    conf: str, line: int, what: str, tmp_path: Path
) -> None:
    made = instance(tmp_path, conf, "A B\n1 2\n", "t")
    result = made.search("search index=main | table A")
    assert result.table.frame.get_column("A").to_list() == ["1"]
    (message,) = result.messages
    assert message.text.startswith(f"app/default/multikv.conf:{line}: " if line else "app/default/props.conf:2: ")
    assert what in message.text
    with pytest.raises(SearchError, match="multikv"):
        made.search("search index=main | multikv conf=t")


def test_columns_under_a_header(tmp_path: Path) -> None:
    conf = "[left]\nheader.linecount = 1\nbody.tokens = _align_, SIZE, R, -1\n"
    made = instance(tmp_path, conf, "NAME   SIZE\nabc     120\n", "left")
    found = made.search("search index=main | multikv conf=left | table *").table.frame
    assert "120" in [value for row in found.rows() for value in row]
