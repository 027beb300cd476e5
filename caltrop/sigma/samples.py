"""A Sigma rule's own tests and sample events, as tests of the detection made of it.

* `regression_tests_path` of SigmaHQ rules names an info.yml whose `regression_tests_info` lists log files and how many matches
  each has.
* `tests` is a list of {name, events, match}: events are mappings or raw lines, `match: false` makes them benign data.
* `examples` (or `sample_events`) are events that must hit.

Sigma itself has no field for either; the last two are what rules in practice carry.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from caltrop.sigma.logsources import Place

_EVENTS = ("events", "event", "logs", "log", "data")
_CHANNEL = "WinEventLog:"


@dataclass(slots=True)
class Samples:
    """`tests` as a detection's YAML has them; `files` (path in the repository -> bytes, or a file to copy); `said` for the author."""

    tests: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes | Path] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def samples(rule: Any, place: Place, stem: str) -> Samples:
    found = Samples()
    given: Mapping[str, Any] = rule.custom_attributes or {}
    source = rule.source.path if rule.source is not None else None
    if given.get("regression_tests_path") and source is not None:
        _regression(str(given["regression_tests_path"]), Path(source), place, stem, found)
    written = given.get("tests")
    if isinstance(written, list):
        for number, one in enumerate(written, 1):
            if isinstance(one, Mapping):
                _written(one, number, place, stem, found)
    for key in ("examples", "sample_events"):
        if isinstance(given.get(key), list) and given[key]:
            _written({"name": "Sample events", "events": given[key]}, len(found.tests) + 1, place, stem, found)
    return found


def _regression(name: str, rule: Path, place: Place, stem: str, found: Samples) -> None:
    """Paths of SigmaHQ are relative to the top of its repository: some folder above the rule."""
    info = _above(rule, name)
    if info is None:
        found.said.append(f"its tests are not here: {name}")
        return
    try:
        body = yaml.safe_load(info.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        found.said.append(f"{name} cannot be read: {' '.join(str(error).split())}")
        return
    listed = body.get("regression_tests_info") if isinstance(body, dict) else None
    for number, one in enumerate(listed if isinstance(listed, list) else [], 1):
        data = _above(rule, str(one.get("path", ""))) if isinstance(one, dict) else None
        if data is None:
            found.said.append(f"{name}: the data of test {number} is not here")
            continue
        target = f"tests/data/sigma/{stem}_{len(found.files) + 1}{data.suffix}"
        found.files[target] = data
        count = one.get("match_count")
        test = _test(str(one.get("name") or f"Test {number}"), target, place)
        if isinstance(count, int) and not isinstance(count, bool):
            test["expect"] = {"hits": count}
        found.tests.append(test)


def _above(rule: Path, name: str) -> Path | None:
    """A file of that relative path in a folder above the rule; nothing outside of it."""
    relative = Path(name.replace("\\", "/"))
    if not name or relative.is_absolute() or ".." in relative.parts:
        return None
    return next((path for folder in rule.resolve().parents if (path := folder / relative).is_file()), None)


def _written(one: Mapping[str, Any], number: int, place: Place, stem: str, found: Samples) -> None:
    events = next((one[key] for key in _EVENTS if key in one), None)
    listed = events if isinstance(events, list) else [events]
    lines = [_line(event, place) for event in listed if event not in (None, "")]
    if not lines:
        found.said.append(f"its test {number} has no events")
        return
    ending = "json" if all(line.startswith("{") for line in lines) else "log"
    target = f"tests/data/sigma/{stem}_{len(found.files) + 1}.{ending}"
    found.files[target] = ("\n".join(lines) + "\n").encode()
    match = next((one[key] for key in ("match", "should_match", "expected", "matches") if key in one), True)
    name = str(one.get("name") or f"Test {number}")
    if match is False or match == 0:
        benign = _test(name, target, place)["attack_data"]
        if found.tests:
            found.tests[-1].setdefault("benign", []).extend(benign)
        else:
            found.said.append(f"its test {number} has nothing that must hit before it: what must not hit is left out")
        return
    found.tests.append(_test(name, target, place))


def _line(event: object, place: Place) -> str:
    """An event as a line of its log: a Windows event in the flat JSON of collectors, which replaying makes one of again."""
    if not isinstance(event, Mapping):
        return " ".join(str(event).splitlines())
    record = dict(event)
    if _CHANNEL in place.source:
        record.setdefault("Channel", place.source.partition(_CHANNEL)[2])
        code = place.condition.partition("EventCode")[2].strip(" =IN(").partition(",")[0].rstrip(")")
        if code:
            record.setdefault("EventID", int(code))
        record.setdefault("Hostname", str(record.get("Computer", "host.example")))
        record.setdefault("@timestamp", "2026-01-01T00:00:00.000Z")
    return json.dumps(record, ensure_ascii=False, default=str)


def _test(name: str, path: str, place: Place) -> dict[str, Any]:
    data: dict[str, Any] = {"data": path, "source": place.source, "sourcetype": place.sourcetype}
    if _CHANNEL in place.source:
        data["rendering"] = "xml"
    return {"name": name, "test_type": "unit", "attack_data": [data]}


def write(root: Path, files: Mapping[str, bytes | Path]) -> list[Path]:
    """Write what is not there yet."""
    done = []
    for name, body in files.items():
        path = root / name
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(body, bytes):
            path.write_bytes(body)
        else:
            shutil.copyfile(body, path)
        done.append(path)
    return done
