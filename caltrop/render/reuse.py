"""A build whose inputs, toolkit and options are those of the last one, and whose output is still there, is done.

What the build reads is told by its bytes, never by times. What it wrote is told by what the file system says of it (size,
times of change, inode): whoever alters an output changes those. Whether test data exists decides what validation says,
so that is part of the record too. A record that cannot be read is no record.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from caltrop.content.fingerprint import files, read, toolkit, tree

FOLDER = ".cache"  # below the output folder: content may be read-only
_RECORD = "build.json"
_FOLDERS = (
    "baselines", "dashboards", "data_sources", "deployments", "detections", "investigations", "lookups", "macros",
    "playbooks", "removed", "response_tasks", "stories",
)  # fmt: skip
_CONFIGS = ("app.yml", "contentctl.yml", "LICENSE")


def inputs(root: Path, template: str, options: str) -> str:
    """A hash of everything that a build of `root` reads."""
    digest = hashlib.blake2b(toolkit() + options.encode(), digest_size=20)
    for name in _CONFIGS:
        path = root / name
        digest.update(path.read_bytes() if path.is_file() else b"\0none")
    for folder in (*_FOLDERS, template):
        digest.update(folder.encode() + b"\0" + tree(root / folder))
    for file in files(root / "tests"):
        if file.endswith((".test.yml", ".test.yaml")):
            digest.update(file.encode() + b"\0" + read(file))
    return digest.hexdigest()


class Before(NamedTuple):
    """The inputs as a build begins: their hash, and their state, which tells later whether one was changed meanwhile."""

    digest: str
    state: str


def observe(root: Path, template: str, options: str) -> Before:
    state = _state(_input_files(root, template))
    return Before(inputs(root, template, options), state)


def _input_files(root: Path, template: str) -> list[str]:
    found = [str(root / name) for name in _CONFIGS if (root / name).is_file()]
    return found + [file for folder in (*_FOLDERS, template, "tests") for file in files(root / folder)]


def _state(paths: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for path in paths:
        stat = Path(path).stat()
        digest.update(f"{path}\0{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}\0".encode())
    return digest.hexdigest()


def previous(root: Path, out: Path, options: str) -> dict[str, Any] | None:
    """The record of the last build into `out`, when it still holds."""
    record = _record(out)
    try:
        if not isinstance(record, dict) or record["root"] != str(root.resolve()):
            return None
        if record["output"] != _output(record):
            return None
        if any((root / path).exists() is not there for path, there in record["probes"].items()):
            return None
        return record if record["inputs"] == inputs(root, record["template"], options) else None
    except (OSError, KeyError, TypeError, AttributeError):
        return None


def _output(record: dict[str, Any]) -> str:
    return _state([record["package"], *files(Path(record["tree"]))])


def remember(
    root: Path, out: Path, options: str, before: Before, probes: Iterable[str], record: dict[str, Any]
) -> None:
    """Keep the record of a build that was just made. `record` has template, package, tree, sha256 and talk.

    Where an input changed since `before`, nothing is kept.
    """
    try:
        if _state(_input_files(root, record["template"])) != before.state:
            return
        there = {path: (root / path).exists() for path in probes}
        full = {
            **record,
            "root": str(root.resolve()),
            "inputs": before.digest,
            "probes": there,
            "output": _output(record),
        }
    except OSError:  # a file went away
        return
    path = out / FOLDER / _RECORD
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(full), encoding="utf-8")
        partial.replace(path)
    except OSError:  # a folder that cannot be written has no cache
        with suppress(OSError):
            partial.unlink()


def _record(out: Path) -> Any:
    try:
        return json.loads((out / FOLDER / _RECORD).read_bytes())
    except (OSError, ValueError):
        return None
