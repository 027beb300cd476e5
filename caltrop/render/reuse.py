"""A build whose inputs, toolkit and options are those of the last one, and whose output is still there, is done.

The record holds hashes, never times: of everything the build reads, and of everything it wrote. Whether test data
exists decides what validation says, so that is part of the record too. A record that cannot be read is no record.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from caltrop.content.fingerprint import files, read, toolkit, tree

RECORD = Path(".cache", "build.json")
_FOLDERS = (
    "baselines", "dashboards", "data_sources", "deployments", "detections", "investigations", "lookups", "macros",
    "playbooks", "removed", "response_tasks", "stories",
)  # fmt: skip
_CONFIGS = ("app.yml", "contentctl.yml")
_KEPT = 8  # output folders remembered for a repository


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


def previous(root: Path, out: Path, options: str) -> dict[str, Any] | None:
    """The record of the last build into `out`, when it still holds."""
    record = _records(root).get(str(out.resolve()))
    try:
        if not isinstance(record, dict) or record["inputs"] != inputs(root, record["template"], options):
            return None
        if any((root / path).exists() is not there for path, there in record["probes"].items()):
            return None
        package, folder = Path(record["package"]), Path(record["tree"])
        if hashlib.sha256(package.read_bytes()).hexdigest() != record["sha256"]:
            return None
        return record if tree(folder).hex() == record["output"] else None
    except (OSError, KeyError, TypeError, AttributeError):
        return None


def remember(root: Path, out: Path, options: str, before: str, probes: Iterable[str], record: dict[str, Any]) -> None:
    """Keep the record of a build that was just made. `record` has template, package, tree, sha256 and talk.

    `before` is what `inputs` said when the build began: where a file changed meanwhile, nothing is kept.
    """
    if inputs(root, record["template"], options) != before:
        return
    there = {path: (root / path).exists() for path in probes}
    full = {**record, "inputs": before, "probes": there, "output": tree(Path(record["tree"])).hex()}
    records = {k: v for k, v in list(_records(root).items())[-_KEPT:] if k != str(out.resolve())}
    records[str(out.resolve())] = full
    path = root / RECORD
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(records), encoding="utf-8")
        partial.replace(path)
    except OSError:  # a repository that cannot be written has no cache
        partial.unlink(missing_ok=True)


def _records(root: Path) -> dict[str, Any]:
    try:
        found = json.loads((root / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
