"""The state that all handlers share: configuration, events, accounts, messages, jobs, and the clock."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
from cryptography.fernet import Fernet

from caltrop.engine.instance import Instance
from caltrop.knowledge import install_app
from caltrop.splunkd.access.accounts import Accounts, User
from caltrop.splunkd.access.roles import Roles
from caltrop.splunkd.intake.ingest import Ingest
from caltrop.splunkd.intake.modular import ModularInputs
from caltrop.splunkd.searching.alerting import Alerting
from caltrop.splunkd.searching.engine_services import ServerServices
from caltrop.splunkd.searching.jobs import Job, Jobs, SearchSpec
from caltrop.splunkd.searching.savedsearches import SavedSearch
from caltrop.splunkd.searching.scheduler import Scheduler, spec_of
from caltrop.splunkd.state import provision
from caltrop.splunkd.state.bulletins import RESTART, Bulletins
from caltrop.splunkd.state.logs import Logs
from caltrop.splunkd.wire.atom import Acl
from caltrop.splunkd.wire.http import ApiError, Request

log = logging.getLogger(__name__)
ADMIN = "admin"
ADMIN_CAPABILITY = "admin_all_objects"
DEFAULT_APP = "search"
SERVER_NAME = "caltrop"


class Daemon:
    """One embedded server. Nothing here knows sockets.

    `data_dir` holds everything: `etc` (apps, users, system), `var` (events, collections), `auth`. `password` is that of
    the administrator; it is set when given or when the directory is new.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        password: str | None = None,
        addons: Sequence[Path] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.clock = clock
        self.guid = str(uuid.uuid5(uuid.NAMESPACE_URL, str(self.data_dir))).upper()
        self.started = clock()
        self.mgmt_port = self.hec_port = self.web_port = 0
        self.etc = self.data_dir / "etc"
        provision.provision(self.etc, addons)
        self.services = ServerServices()
        self.instance = Instance(self.data_dir / "var", self.etc, services=self.services)
        self.config = self.instance.config
        self.store = self.instance.store
        self.kvstore = self.instance.kvstore
        self.accounts = Accounts(self.data_dir / "auth" / "accounts.json", clock=clock)
        self.roles = Roles(self.config)
        self.bulletins = Bulletins()
        self.logs = Logs(self.append, str(self.data_dir / "var" / "log"), SERVER_NAME, clock)
        if ADMIN not in self.accounts.users or password is not None:
            self.password = password or secrets.token_urlsafe(12)
            self.accounts.set_user(ADMIN, password=self.password, roles=["admin"], realname="Administrator")
        else:
            self.password = ""
        provision.open_indexes(self.config, self.store)
        self.ingest = Ingest(self.store, self.config, clock)
        self.jobs = Jobs(self.instance, clock, self.logs.flush)
        self.alerting = Alerting(self)
        self.scheduler = Scheduler(self)
        self.modular = ModularInputs(self)
        self._cleaned = clock()
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin what runs on its own."""
        self.logs.info("loader", "server started")
        self._ticker = threading.Thread(target=self._tick, name="splunkd-ticker", daemon=True)
        self._ticker.start()

    def stop(self) -> None:
        self._stop.set()
        if self._ticker is not None:
            self._ticker.join()
        self.modular.close()
        self.jobs.close()
        self.logs.info("ShutdownHandler", "server stopped")
        self.logs.flush()
        self.store.close()

    def _tick(self) -> None:
        """Once a second; a duty that fails is reported and does not stop the others, or itself the next time."""
        duties = (self.logs.flush, self.jobs.reap, self._retain, lambda: self.scheduler.run_due(self.now()))
        while not self._stop.wait(1.0):
            for duty in duties:
                try:
                    duty()
                except Exception:
                    log.exception("background work failed")

    def _retain(self) -> None:
        """Apply retention once a minute, and each second while an index keeps events for less than that."""
        now = self.now()
        seconds = provision.shortest_retention(self.config)
        if now - self._cleaned >= min(60, max(seconds, 1)):
            self._cleaned = now
            self.store.clean(now)

    def install(self, package: Path, *, update: bool) -> str:
        """Install an app and bring its indexes into being; the app's name."""
        name = install_app(package, self.etc / "apps", update=update)
        self.config.reload()
        provision.open_indexes(self.config, self.store)
        self.logs.info("ApplicationManager", f"installed app={name} update={update}")
        return name

    def dispatch(
        self, saved: SavedSearch, user: str, *, now: float | None = None, trigger: bool = False, scheduled: bool = False,
        search: str | None = None,
    ) -> Job:  # fmt: skip
        """Run a saved search; with `trigger` its alert conditions and actions follow, before the job is done."""
        spec = spec_of(saved, user, now=now, scheduled=scheduled, search=search)

        def then(job: Job) -> None:
            self.alerting.after(saved, job, self.now() if now is None else now)

        return self.start_search(spec, then=then if trigger else None)

    def start_search(self, spec: SearchSpec, *, then: Callable[[Job], None] | None = None) -> Job:
        job = self.jobs.start(spec, then=then)
        self.logs.audit(spec.owner, "search", info="granted", search_id=f"'{job.sid}'", search=f"'{spec.search}'")
        return job

    def secret_key(self) -> bytes:
        """The key that stored credentials are encrypted with; made on first use."""
        path = self.data_dir / "auth" / "secret.key"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
        return path.read_bytes()

    # -- helpers of handlers -------------------------------------------------------------------------------------------

    def now(self) -> float:
        return self.clock()

    def append(self, frame: pl.DataFrame) -> None:
        self.store.append(frame)

    def ask_restart(self, reason: str) -> None:
        text = f"{reason} The server must be restarted for changes to take effect."
        self.bulletins.add(RESTART, text, "warn", self.now())

    def restart(self) -> None:
        """What a restart does to clients: messages and sessions are gone, configuration is read again."""
        self.logs.info("loader", "restart requested")
        self.bulletins.clear()
        self.accounts.close_all_sessions()
        self.config.reload()
        self.started = self.clock()

    def address(self, request: Request) -> str:
        return request.headers.get("host", "") or f"127.0.0.1:{self.mgmt_port}"

    def place(self, request: Request) -> tuple[str, str]:
        """(owner, app) where a new object goes: the namespace of the path, wildcards and gaps filled for the user."""
        user = request.account
        owner = request.owner if request.owner not in (None, "-") else user.name
        app = request.app if request.app not in (None, "-") else (user.defaultApp or DEFAULT_APP)
        assert owner is not None and app is not None
        return owner, app

    def capabilities(self, user: User) -> set[str]:
        return self.roles.capabilities(user.roles)

    def is_admin(self, user: User) -> bool:
        return ADMIN_CAPABILITY in self.capabilities(user)

    def may_read(self, user: User, acl: Acl) -> bool:
        if acl.sharing == "user":
            return acl.owner == user.name or self.is_admin(user)
        read = acl.read or ()
        return "*" in read or self.is_admin(user) or not set(read).isdisjoint(self.roles.closure(user.roles))

    def may_write(self, user: User, acl: Acl) -> bool:
        if acl.owner == user.name or self.is_admin(user):
            return True
        write = acl.write or ()
        return acl.sharing != "user" and ("*" in write or not set(write).isdisjoint(self.roles.closure(user.roles)))

    def require(self, request: Request, capability: str) -> None:
        held = self.capabilities(request.account)
        if capability not in held and ADMIN_CAPABILITY not in held:
            raise ApiError(
                403,
                f"You (user={request.account.name}) do not have permission to perform this operation "
                f"(requires capability: {capability}).",
            )
