"""The state that all handlers share: configuration, events, accounts, messages, logs, and the clock."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from caltrop import children
from caltrop.dialect.words import truth
from caltrop.engine.instance import Instance
from caltrop.engine.services import Services
from caltrop.knowledge import install_app, secure
from caltrop.knowledge.configuration import NotFound as ConfNotFound
from caltrop.knowledge.configuration import stands_in
from caltrop.splunkd.access.accounts import Accounts, Lockout
from caltrop.splunkd.access.permissions import Permissions
from caltrop.splunkd.access.roles import Roles
from caltrop.splunkd.state import leftovers, provision
from caltrop.splunkd.state.bulletins import RESTART, Bulletins
from caltrop.splunkd.state.logs import Logs
from caltrop.splunkd.state.settings import Settings
from caltrop.splunkd.wire.http import VERSION, ApiError, NotFound

ADMIN = "admin"
SERVER_NAME = "caltrop"


class State:
    """One server's data directory, opened: `etc` (apps, users, system), `var` (events, collections), `auth`.

    `services` is what searches may ask of the server around the engine. `password` is that of the administrator; it is
    set when given or when the directory is new, and `self.password` is empty where it is not known. `version` is the release
    that the server claims to be, `settings` what its operator decided.
    """

    def __init__(
        self,
        data_dir: Path,
        services: Services,
        *,
        password: str | None = None,
        addons: Sequence[Path] | None = None,
        clock: Callable[[], float] = time.time,
        version: str = VERSION,
        settings: Settings | None = None,
    ) -> None:
        self.version = version
        self.settings = settings or Settings()
        self.data_dir = data_dir.resolve()
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        self.clock = clock
        self.guid = str(uuid.uuid5(uuid.NAMESPACE_URL, str(self.data_dir))).upper()
        self.started = clock()
        self.mgmt_port = self.hec_port = self.web_port = 0
        self.etc = self.data_dir / "etc"
        self._moving = threading.Lock()  # apps come and go one at a time: configuration is read again after each
        self._addons = addons
        provision.provision(self.etc, addons)
        # Without add-ons, those that an earlier start left in the data directory do not count either.
        stand_ins = addons is None or bool(addons)
        self.instance = Instance(self.data_dir / "var", self.etc, services=services, stand_ins=stand_ins,
            keep=self.settings.keep, limits=self.settings.limits)  # fmt: skip
        self.config = self.instance.config
        self.store = self.instance.store
        self.kvstore = self.instance.kvstore
        self.accounts = Accounts(self.data_dir / "auth" / "accounts.json", clock=clock, lockout=self._lockout)
        self.roles = Roles(self.config)
        self.permissions = Permissions(self.roles)
        self.bulletins = Bulletins()
        self.logs = Logs(self.store.append, str(self.data_dir / "var" / "log"), SERVER_NAME, clock)
        if ADMIN not in self.accounts.users or password is not None:
            self.password = password or secrets.token_urlsafe(12)
            self.accounts.set_user(ADMIN, password=self.password, roles=["admin"], realname="Administrator")
        else:
            self.password = ""
        provision.open_indexes(self.config, self.store)
        self._cleaned = clock()
        self._clean_up()

    def _clean_up(self) -> None:
        """What was found amiss is told in the log and to the administrator."""
        for line in leftovers.clean(self.data_dir):
            self.logs.warn("loader", line)
        for line in self.store.problems:
            self.logs.error("IndexProcessor", line)
            self.bulletins.add("index_damaged", line, "error", self.now())
        children.note(leftovers.notes(self.data_dir))

    def _lockout(self) -> Lockout:
        """As `[splunk_auth]` of authentication.conf has it; what is no number in Splunk's range counts as not set."""
        stanza = self.config.stanza("authentication", "splunk_auth")
        given = stanza.values() if stanza else {}
        rule = Lockout()

        def number(key: str, most: int, otherwise: float) -> int:
            text = given.get(key, "")
            return int(text) if text.isdigit() and 1 <= int(text) <= most else int(otherwise)

        return Lockout(
            truth(given.get("lockoutUsers"), rule.users),
            number("lockoutAttempts", 64, rule.attempts),
            60.0 * number("lockoutThresholdMins", 120, rule.threshold / 60),
            60.0 * number("lockoutMins", 1440, rule.seconds / 60),
        )

    @property
    def url(self) -> str:
        """Where the management API listens."""
        return f"https://127.0.0.1:{self.mgmt_port}"

    def now(self) -> float:
        return self.clock()

    def scratch(self) -> Path:
        """The folder for what is there for a moment, on the data's own file system."""
        folder = self.data_dir / "var" / "run"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def install(self, package: Path, *, update: bool) -> str:
        """Install an app and bring its indexes into being; the app's name."""
        with self._moving:
            ours = {path.name for path in (self.etc / "apps").iterdir() if stands_in(path)}
            differing: list[frozenset[str]] = []  # nothing: it was not there
            name = install_app(package, self.etc / "apps", update=update, replaced=ours, differs=differing.append)
            if differing:
                self.config.replaced(differing[0])
            else:
                self.config.reload()
            provision.open_indexes(self.config, self.store)
        self.logs.info("ApplicationManager", f"installed app={name} update={update}")
        for fault in secure.faults(self.config, name):
            self.logs.warn("SecureStrings", str(fault))
        return name

    def uninstall(self, name: str) -> None:
        """Remove an app; the add-on of its name that it stood in the place of is there again."""
        aside = self.scratch() / f"removed-{secrets.token_hex(8)}"
        with self._moving:
            try:
                self.config.app_path(name).rename(aside)  # whole and at once: no other request meets half an app
            except (FileNotFoundError, ConfNotFound):  # another request was first
                raise NotFound(f"Could not find object id={name}") from None
            provision.provision(self.etc, self._addons)
            self.config.reload()
        shutil.rmtree(aside)

    def retain(self) -> None:
        """Apply retention once a minute, and each second while an index keeps events for less than that."""
        now = self.now()
        seconds = provision.shortest_retention(self.config)
        if now - self._cleaned >= min(60, max(seconds, 1)):
            self._cleaned = now
            self.store.clean(now)

    def require_file(self, path: str) -> None:
        """403 for a file of the machine that is none of the server's own, unless the operator allows such inputs."""
        inside = self.data_dir in Path(path).resolve().parents
        if not inside and not self.settings.file_inputs:
            raise ApiError(
                403, f"{path} lies outside the data directory, and caltrop serve runs without --allow-file-inputs"
            )

    def require_scripts(self, what: str) -> None:
        """403 unless the operator allows scripts of apps besides search commands."""
        if not self.settings.scripts:
            raise ApiError(403, f"{what} runs a script, and caltrop serve runs without --allow-scripts")

    def secret_key(self) -> bytes:
        """The key that stored credentials are encrypted with; made on first use."""
        path = self.data_dir / "auth" / "secret.key"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))  # a key of Fernet
        return path.read_bytes()

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

    def close(self) -> None:
        self.logs.flush()
        self.store.close()
