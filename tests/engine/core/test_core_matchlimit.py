"""A pattern that backtracks without end: an error where a command asks for it, missing fields where extraction does."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from caltrop.conformance import rows_of
from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance

NOW = 1_700_000_000.0
EVIL = r"^(?<x>(?:a|a)*)c(?!b)"
TEXT = "a" * 60 + "!c"


def loaded(*apps: Path) -> Instance:
    built = Instance(apps=apps, now=NOW)
    built.store.create_index("main")
    frame = pl.DataFrame({"_time": [NOW, NOW - 1], "_raw": [TEXT, "aac"], "index": "main", "sourcetype": "st"})
    built.store.append(frame)
    return built


@pytest.mark.parametrize(
    "command",
    [
        f'rex "{EVIL}"',
        f'rex max_match=0 "{EVIL}"',
        f'rex mode=sed "s/{EVIL}//"',
        f'regex _raw="{EVIL}"',
        f'where match(_raw, "{EVIL}")',
        f'eval y=replace(_raw, "{EVIL}", "")',
        f'eval y=mvfind(_raw, "{EVIL}")',
        f'makemv tokenizer="{EVIL}" _raw',
    ],
)
def test_commands_fail_with_a_place(command: str) -> None:
    with pytest.raises(SearchError, match=r"match limit.* at 1:"):
        loaded().search(f"index=main | {command}")


def test_extraction_leaves_out_the_event(tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "default").mkdir(parents=True)
    (app / "default" / "props.conf").write_text(f"[st]\nEXTRACT-x = {EVIL}\n")
    result = loaded(app).search("index=main | table x", app="app")
    assert [row.get("x") for row in rows_of(result.table)] == [None, "aa"]
    assert "match limit" in result.messages[0].text
