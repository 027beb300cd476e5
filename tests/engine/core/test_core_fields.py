"""Fields of events in searches over an instance: what knowledge gives, as commands see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from caltrop.engine.instance import Instance

NOW = 1_700_000_000.0
Make = Callable[..., Instance]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make({"default/props.conf": …}, ("source type", "raw text"), …)`: an instance with one app and these events."""

    def made(files: dict[str, str], *events: tuple[str, str]) -> Instance:
        for name, text in {"metadata/default.meta": "[]\nexport = system\n", **files}.items():
            path = tmp_path / "a" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        built = Instance(apps=[tmp_path / "a"])
        built.store.create_index("main")
        rows = [
            {"_time": NOW - i, "_raw": raw, "index": "main", "sourcetype": kind, "source": "s", "host": "h"}
            for i, (kind, raw) in enumerate(events)
        ]
        built.store.append(pl.DataFrame(rows))
        return built

    return made


def rows(instance: Instance, search: str) -> list[dict[str, object]]:
    return instance.search(search, now=NOW, app="a", earliest=0, latest=NOW + 1).table.frame.to_dicts()


def test_a_renamed_source_type_and_what_it_was(make: Make) -> None:
    instance = make({"default/props.conf": "[Old:One]\nrename = new\n"}, ("old:one", "a"), ("new", "b"))
    assert rows(instance, "search index=main sourcetype=new | stats count by sourcetype, _sourcetype") == [
        {"sourcetype": "new", "_sourcetype": "new", "count": 1},
        {"sourcetype": "new", "_sourcetype": "old:one", "count": 1},
    ]
    assert rows(instance, "search index=main _sourcetype=old:one | table _raw") == [{"_raw": "a"}]
    assert rows(instance, "search index=main sourcetype=old:one | table _raw") == []


def test_without_renaming_the_two_are_one(make: Make) -> None:
    instance = make({}, ("st", "a"))
    assert rows(instance, "search index=main | table sourcetype _sourcetype") == [
        {"sourcetype": "st", "_sourcetype": "st"}
    ]
