"""Lookup files of an app on a target, and what an upgrade makes of them.

A lookup file that a package does not bring stays. One that it brings is replaced by the package's, rows that the site wrote into it
included; those that are to be kept are set aside as another lookup of the app, which stays, and put back afterwards.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from splunklib.binding import HTTPError, UrlEncoded

from caltrop.content import generated
from caltrop.dialect.words import did_you_mean, quoted
from caltrop.errors import CaltropError
from caltrop.replay.remote import RemoteTarget, reason
from caltrop.replay.target import TargetError

ASIDE = "caltrop_kept_"
_MAX_BYTES = 64 << 20  # of a lookup that is compared
Rows = list[tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Brought:
    """What a package brings: the app's name, and the rows of its lookup files by the file's name."""

    app: str
    lookups: dict[str, Rows]


def brought(package: Path) -> Brought:
    """Lookups that the build writes itself are left out: their rows are the build's. Nothing of what is no tar archive: whether it can
    be installed, the target says."""
    lookups: dict[str, Rows] = {}
    app = ""
    try:
        with tarfile.open(package) as tar:
            for member in tar:
                parts = member.name.removeprefix("./").split("/")
                app = app or parts[0]
                name = parts[-1]
                if (
                    len(parts) == 3
                    and parts[1] == "lookups"
                    and name.endswith(".csv")
                    and name[:-4] not in generated.names(app)
                ):
                    stream = tar.extractfile(member) if member.isfile() and member.size <= _MAX_BYTES else None
                    if stream is not None:
                        text = stream.read().decode("utf-8-sig", "replace")
                        lookups[name] = [_row(row) for row in csv.DictReader(io.StringIO(text))]
    except (tarfile.TarError, OSError, EOFError):
        return Brought("", {})
    return Brought(app, lookups)


def replaced(target: RemoteTarget, package: Brought) -> dict[str, tuple[int, int]]:
    """Lookup files that the target has with other rows than the package: how many rows it has, and how many the package."""
    there = _files(target, package.app)
    found = {}
    for name, new in package.lookups.items():
        if name in there:
            rows = target.search(f"| inputlookup {quoted(name)}", app=package.app, owner="nobody")
            old = [_row(row) for row in rows]
            if sorted(old) != sorted(new):
                found[name] = (len(old), len(new))
    return found


def set_aside(target: RemoteTarget, package: Brought, names: Iterable[str]) -> list[str]:
    """Copies of the lookups that are to be kept, as lookups that the package does not bring. Raises CaltropError for a name that
    the package does not bring."""
    kept = []
    for name in names:
        file = name if name.endswith(".csv") else f"{name}.csv"
        if file not in package.lookups:
            raise CaltropError(
                f"the package brings no lookup file {file!r}",
                hint=did_you_mean(file, package.lookups) or "what it does not bring stays",
            )
        if file in _files(target, package.app):
            _copy(target, package.app, file, ASIDE + file)
            kept.append(file)
    return kept


def put_back(target: RemoteTarget, package: Brought, names: Iterable[str]) -> None:
    """The rows that were set aside are those of the lookups again."""
    for file in names:
        _copy(target, package.app, ASIDE + file, file)
        path = (
            f"/servicesNS/nobody/{quote(package.app, safe='')}/data/lookup-table-files/{quote(ASIDE + file, safe='')}"
        )
        try:
            target.service.delete(UrlEncoded(path, skip_encode=True))
        except HTTPError as error:
            raise TargetError(
                f"{file} has its rows again, and the copy {ASIDE + file} is still there: {reason(error)}",
                hint="delete it under Settings > Lookups",
            ) from error


def _copy(target: RemoteTarget, app: str, source: str, to: str) -> None:
    target.search(f"| inputlookup {quoted(source)} | outputlookup {quoted(to)}", app=app, owner="nobody")


def _files(target: RemoteTarget, app: str) -> set[str]:
    """The app's own lookup files; none where it is not installed."""
    if not app or not target.has_app(app):
        return set()
    path = f"/servicesNS/nobody/{quote(app, safe='')}/data/lookup-table-files"
    try:
        reply = target.service.get(UrlEncoded(path, skip_encode=True), count=0, output_mode="json")
    except HTTPError as error:
        raise TargetError(f"{target.url} does not list the lookups of {app!r}: {reason(error)}") from error
    entries = json.loads(reply.body.read())["entry"]
    return {str(entry["name"]) for entry in entries if (entry.get("acl") or {}).get("app") == app}


def _row(row: dict[str, object]) -> tuple[tuple[str, str], ...]:
    """A row that can be compared: fields without a value are not there."""
    return tuple(
        sorted((str(name), str(value)) for name, value in row.items() if name is not None and value not in (None, ""))
    )
