"""Tests and the data they replay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from caltrop.content.checks.finding import Finding, of
from caltrop.content.model import AttackData, Catalogue, Detection


def check(catalogue: Catalogue) -> Iterator[Finding]:
    root = Path(catalogue.root).resolve()
    for item in catalogue.detections:
        if item.status == "production" and not item.tests and not item.manual_test and item.type != "Correlation":
            hint = "add 'tests:', or say in 'manual_test' why it cannot be tested"
            yield of(item, ("name",), "no-test", "a production detection without a test", hint)
        for index, test in enumerate(item.tests):
            if not test.attack_data and test.test_type == "unit" and not item.manual_test:
                what = f"the test {test.name!r} has no attack_data"
                yield of(item, ("tests", index), "test-data", what, "name a dataset in which the detection must hit")
            for key in ("attack_data", "benign", "fallback"):
                for number, data in enumerate(getattr(test, key)):
                    yield from _data(item, data, ("tests", index, key, number), root)


def _data(item: Detection, data: AttackData, path: tuple[str | int, ...], root: Path) -> Iterator[Finding]:
    for key in ("source", "sourcetype"):
        if data.data and not getattr(data, key):
            yield of(item, path, "test-data", f"test data without {key!r}", f"add '{key}:', as the events will have it")
    if "://" in data.data:
        if not (data.size and data.sha256):
            hint = "add 'size:' and 'sha256:', so that a changed file is noticed"
            yield of(item, (*path, "data"), "unpinned-data", "a download without size and sha256", hint)
        return
    target = (root / data.data).resolve()
    if data.data and not target.is_relative_to(root):
        yield of(item, (*path, "data"), "test-data", f"{data.data} is outside the repository", "keep test data in it")
    elif data.data and not target.exists():
        hint = "paths are relative to the repository" + (", with / between folders" if "\\" in data.data else "")
        yield of(item, (*path, "data"), "test-data", f"{data.data} is not there", hint)
    elif data.data and not target.is_file():
        yield of(
            item, (*path, "data"), "test-data", f"{data.data} is a folder", "name a file in it, or an archive of it"
        )
