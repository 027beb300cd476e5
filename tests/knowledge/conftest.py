"""Helpers: apps on disk from text, events from strings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

MakeApp = Callable[..., Path]


@pytest.fixture
def make_app(tmp_path: Path) -> MakeApp:
    """`make_app("name", {"default/props.conf": "…"}, export=True)` writes an app and gives its folder."""

    def make(name: str, files: dict[str, str] | None = None, *, export: bool = True, under: Path | None = None) -> Path:
        folder = (under or tmp_path / "apps") / name
        (folder / "default").mkdir(parents=True, exist_ok=True)
        for path, text in (files or {}).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        if export:
            (folder / "metadata").mkdir(exist_ok=True)
            (folder / "metadata" / "default.meta").write_text("[]\nexport = system\n", encoding="utf-8")
        return folder

    return make


def events(*raw: str, sourcetype: str = "st", source: str = "src", host: str = "h") -> pl.DataFrame:
    """Events of one kind."""
    n = len(raw)
    return pl.DataFrame({"_raw": list(raw), "sourcetype": [sourcetype] * n, "source": [source] * n, "host": [host] * n})


def row(frame: pl.DataFrame, number: int = 0) -> dict[str, object]:
    """The fields that one event has, without the ones it came with."""
    given = {"_raw", "sourcetype", "source", "host"}
    return {k: v for k, v in frame.row(number, named=True).items() if v is not None and k not in given}
