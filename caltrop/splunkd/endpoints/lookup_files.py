"""Lookup files: `data/lookup-table-files`. Files in the `lookups` folders of apps and users.

A new file comes from the staging folder `var/run/splunk/lookup_tmp` of the server, named by `eai:data`, as in Splunk.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from caltrop.knowledge.configuration import NOBODY
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import place_of, require_place, shared_acl
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\- ]{0,199}\.(csv|csv\.gz|kmz|mmdb)", re.IGNORECASE)
CONF = "lookups"  # what metadata files call these objects


@register
class LookupFiles(Collection):
    path = "data/lookup-table-files"
    title = "lookup-table-files"
    noun = "lookup file"
    required = ("eai:data",)

    @property
    def staging(self) -> Path:
        return self.state.data_dir / "var" / "run" / "splunk" / "lookup_tmp"

    def folder(self, app: str, owner: str) -> Path:
        etc = self.state.etc
        return (etc / "apps" / app if owner == NOBODY else etc / "users" / owner / app) / "lookups"

    def entries(self, request: Request) -> Iterable[Entry]:
        owner, app = request.place()
        owners = [u for u in self.state.accounts.users if request.owner == "-" or u == owner]
        for name in self.state.config.apps():
            for who in [*owners, NOBODY]:
                if who != NOBODY and request.app != "-" and name != app:
                    continue
                for file in sorted(self.folder(name, who).glob("*")):
                    entry = self._entry(file, name, who)
                    seen = request.app == "-" or name == app or entry.acl.sharing == "global"
                    if (
                        NAME.fullmatch(file.name)
                        and seen
                        and self.state.permissions.may_read(request.account, entry.acl)
                    ):
                        yield entry

    def _entry(self, file: Path, app: str, owner: str) -> Entry:
        if owner != NOBODY:
            acl = Acl(app, owner, "user", None, None)
        else:
            acl = shared_acl(
                self.state.config,
                app,
                "global" if self.state.config.exported(app, CONF, file.name) else "app",
                CONF,
                file.name,
            )
        content = {"eai:appName": app, "eai:userName": owner, "eai:data": str(file), "disabled": False}
        return Entry(file.name, self.path, content, acl, file.stat().st_mtime)

    def create(self, request: Request, name: str) -> Entry:
        owner, app = request.place()
        require_place(self.state, request, app, owner)
        target = self.folder(app, owner) / name
        if not NAME.fullmatch(name):
            raise ApiError(400, f"Invalid lookup file name {name!r}")
        if target.exists():
            raise ApiError(409, f"Unable to create lookup file named '{name}': it already exists.")
        return self._take(request, target, app, owner)

    def update(self, request: Request, entry: Entry) -> Entry:
        if not self.state.permissions.may_write(request.account, entry.acl):
            raise ApiError(403, f"User {request.account.name!r} may not change {entry.name!r}")
        app, owner = place_of(entry)
        return self._take(request, self.folder(app, owner) / entry.name, app, owner)

    def _take(self, request: Request, target: Path, app: str, owner: str) -> Entry:
        """Move the staged file into place."""
        source = Path(request.args.required("eai:data"))
        if source.resolve().parent != self.staging.resolve() or not source.is_file() or source.is_symlink():
            raise ApiError(400, f"eai:data must name a file in {self.staging}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)
        self.state.config.reload()
        return self._entry(target, app, owner)

    def delete(self, request: Request, entry: Entry) -> None:
        if not self.state.permissions.may_write(request.account, entry.acl):
            raise ApiError(403, f"User {request.account.name!r} may not remove {entry.name!r}")
        app, owner = place_of(entry)
        (self.folder(app, owner) / entry.name).unlink()
        self.state.config.reload()
