"""The registry of importers: what a file is, is asked of one after the other, and one file adds a format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from caltrop.index.importers import FORMATS, ImportOptions, formats, read, registry, sources
from caltrop.index.importers.options import Context
from caltrop.index.importers.registry import Head, importer


def test_every_format_is_documented_and_asked_in_an_order_of_its_own(root: Path) -> None:
    page = (root / "docs/importing.md").read_text("utf-8")
    assert ("auto", *formats.NAMES) == FORMATS
    assert [name for name in formats.NAMES if f"`{name}`" not in page] == []
    orders = [one.order for one in set(registry.importers.values())]
    assert len(orders) == len(set(orders))


def test_every_file_of_formats_registers_an_importer() -> None:
    files = {path.stem for path in Path(formats.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == {one.read.__module__.rpartition(".")[2] for one in registry.importers.values()}


def test_an_importer_is_its_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "importers", dict(registry.importers))
    monkeypatch.setattr(formats, "importers", registry.importers)

    @importer("shout", order=5, sniff=lambda head: "shout" if head.start.startswith("!") else None)
    def shouted(context: Context, source: sources.Source, form: str) -> Iterator[pl.DataFrame]:
        raw = pl.Series("_raw", [source.stream.read().decode().lower()])
        yield context.frame(raw, pl.Series("_time", [1.0]), form)

    (frame,) = read(b"  !ABC", ImportOptions(), name="x")
    assert frame.select("_raw", "sourcetype").rows() == [("  !abc", "shout")]
    assert registry.sniffed(Head(b"abc")) == "raw"


def test_a_name_is_taken_once() -> None:
    with pytest.raises(RuntimeError, match="registered twice"):
        importer("json", order=1, sniff=lambda head: None)(registry.importers["raw"].read)
