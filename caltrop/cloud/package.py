"""What a package says of itself, and what keeps it from Splunk Cloud before anybody is asked."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path

from caltrop.cloud.acs import MAX_BYTES
from caltrop.dialect.conf import parse
from caltrop.errors import CaltropError, Location

_MAX_CONF = 1 << 20


@dataclass(frozen=True, slots=True)
class Packed:
    """An app as a package: its folder's name and its version."""

    name: str
    version: str


def packed(package: Path) -> Packed:
    """Raises CaltropError for what is no package of one app, has no version, is too large, or brings a `local` folder."""
    where = Location(str(package))
    size = package.stat().st_size
    if size > MAX_BYTES:
        raise CaltropError(f"{size:,} bytes are more than the {MAX_BYTES:,} that Splunk Cloud takes", location=where)
    folders: set[str] = set()
    local, settings = "", None
    try:
        with tarfile.open(package) as tar:
            for member in tar:
                parts = member.name.removeprefix("./").split("/")
                folders.add(parts[0])
                if len(parts) > 2 and parts[1] == "local":
                    local = local or member.name
                if parts[1:] == ["default", "app.conf"] and member.isfile() and member.size <= _MAX_CONF:
                    stream = tar.extractfile(member)
                    settings = (
                        parse(stream.read().decode("utf-8", "replace"), member.name).settings() if stream else None
                    )
    except (tarfile.TarError, OSError, EOFError) as error:
        raise CaltropError(
            f"not a package: {str(error).partition(chr(10))[0]}",
            location=where,
            hint="give a .tar.gz of `caltrop build`",
        ) from error
    if len(folders) != 1 or settings is None:
        raise CaltropError(
            "not a package of one app: it needs one folder with default/app.conf",
            location=where,
            hint="`caltrop build` makes one",
        )
    if local:
        raise CaltropError(
            f"{local} would overwrite what was set on the stack", location=where, hint="leave out local/"
        )
    version = settings.get("launcher", {}).get("version") or settings.get("id", {}).get("version") or ""
    if not version:
        raise CaltropError("its app.conf has no version", location=where, hint="set [launcher] version")
    return Packed(folders.pop(), version)
