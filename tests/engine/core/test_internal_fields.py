"""fields keeps the internal fields unasked, those that a later command alone names included."""

from __future__ import annotations

from pathlib import Path

from caltrop.conformance import build_instance


def test_the_scan_keeps_internal_fields_behind_fields(tmp_path: Path) -> None:
    instance = build_instance({"events": [{"_raw": "user=ann action=open"}]}, tmp_path)
    table = instance.search("search index=main | fields user | eval k=if(isnotnull(_indextime), 1, 0)").table
    assert table.frame.get_column("k").to_list() == [1]
    assert table.frame.get_column("user").to_list() == ["ann"]
