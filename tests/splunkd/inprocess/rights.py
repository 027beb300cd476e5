"""Who may do what, asked of a server: every registered path with every verb, as every kind of caller.

    python -m tests.splunkd.inprocess.rights > tests/splunkd/inprocess/rights.txt

writes the table anew. Read the difference before you commit it: the table says what is right, not what is.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caltrop.splunkd import endpoints
from caltrop.splunkd.access.accounts import SESSION_SECONDS, User
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Answer, Client
from caltrop.splunkd.rest import collection
from caltrop.splunkd.rest.collection import Collection
from caltrop.splunkd.rest.confobjects import ConfCollection
from caltrop.splunkd.searching.savedsearches import SavedSearch
from caltrop.splunkd.state.settings import Settings
from tests.patience import PATIENCE

TABLE = Path(__file__).with_name("rights.txt")
ROLES = ("user", "power", "admin")
SHARED = "/servicesNS/nobody/search"  # objects of an app: whether they may be changed is a matter of its access list
OWNER = "probe-owner"
NAME = "probe"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to ask. `below` is what follows the path: "", "<name>", "<name>/enable", "_new"."""

    path: str
    method: str
    below: str

    @property
    def text(self) -> str:
        return f"{self.method:<6} {'/'.join(p for p in (self.path, self.below) if p)}"


def rows() -> list[Row]:
    """Every row that the registrations ask for."""
    endpoints.load()
    found = [Row(path, method, "") for path, route in collection.routes.items() for method in route.methods]
    for path, cls in collection.collections.items():
        found += _of_collection(path, cls)
    return sorted(set(found), key=lambda row: (row.path, row.below, row.method))


def _of_collection(path: str, cls: type[Collection]) -> Iterator[Row]:
    for method in ("GET", "POST"):
        yield Row(path, method, "")
    for method in ("GET", "POST", "DELETE"):
        yield Row(path, method, "<name>")
    for name, (methods, _) in cls.entry_actions.items():
        yield from (Row(path, method, f"<name>/{name}") for method in methods)
    for name, (methods, _) in cls.collection_actions.items():
        yield from (Row(path, method, name) for method in methods)


# -- what there is to ask about ----------------------------------------------------------------------------------------


def _a_user(daemon: Daemon) -> str:
    daemon.state.accounts.set_user(NAME, password="x", roles=["user"])
    return NAME


def _a_role(daemon: Daemon) -> str:
    daemon.state.config.set("authorize", f"role_{NAME}", {"search": "enabled"}, app="system")
    return NAME


def _a_token(daemon: Daemon) -> str:
    return daemon.state.accounts.create_token(OWNER, "tests")[0].id


def _a_message(daemon: Daemon) -> str:
    return daemon.state.bulletins.add(NAME, "text", "warn", daemon.state.now()).name


def _an_app(daemon: Daemon) -> str:
    (daemon.state.etc / "apps" / NAME / "default").mkdir(parents=True, exist_ok=True)
    (daemon.state.etc / "apps" / NAME / "default" / "app.conf").write_text("[launcher]\nversion = 1\n")
    daemon.state.config.reload()
    return NAME


def _a_lookup_file(daemon: Daemon) -> str:
    for folder in ("etc/apps/search/lookups", "var/run/splunk/lookup_tmp"):
        path = daemon.state.data_dir / folder / f"{NAME}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\n1\n")
    return f"{NAME}.csv"


def _a_job(daemon: Daemon) -> str:
    saved = SavedSearch(NAME, "search", OWNER, {"search": "| makeresults"})
    job = daemon.searching.dispatch(saved, OWNER)
    job.done.wait(PATIENCE)
    return job.sid


def _documents(daemon: Daemon) -> str:
    daemon.state.config.set("collections", NAME, {}, app="search")
    return NAME


def _an_index(daemon: Daemon) -> str:
    if daemon.state.config.stanza("indexes", NAME) is None:
        daemon.state.config.set("indexes", NAME, {}, app="search")
    if NAME not in daemon.state.store:
        daemon.state.store.create_index(NAME)
    return NAME


def _a_model(daemon: Daemon) -> str:
    folder = daemon.state.config.app_path("search") / "local" / "data" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.json").write_text(f'{{"modelName": "{NAME}", "objects": []}}')
    (folder / "made.json").unlink(missing_ok=True)
    daemon.state.config.reload()
    return NAME


def _a_page(daemon: Daemon) -> str:
    for kind in ("views", "nav", "panels"):
        folder = daemon.state.config.app_path("search") / "local" / "data" / "ui" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{NAME}.xml").write_text("<a/>")
        (folder / "made.xml").unlink(missing_ok=True)
    return NAME


def _a_tag(daemon: Daemon) -> str:
    daemon.state.config.set("tags", f"host={NAME}", {"t": "enabled"}, app="search")
    return f"host={NAME}"


def _a_part(prefix: str) -> Callable[[Daemon], str]:
    def make(daemon: Daemon) -> str:
        daemon.state.config.set("props", NAME, {f"{prefix}{NAME}" if prefix != "rename" else prefix: "x"}, app="search")
        return f"{NAME} : {prefix}{NAME if prefix != 'rename' else ''}"

    return make


MADE: dict[str, Callable[[Daemon], str]] = {
    "apps/local": _an_app,
    "authentication/httpauth-tokens": lambda daemon: daemon.state.accounts.open_session(OWNER),
    "authentication/users": _a_user,
    "authorization/roles": _a_role,
    "authorization/tokens": _a_token,
    "data/indexes": _an_index,
    "data/models": _a_model,
    "data/props/calcfields": _a_part("EVAL-"),
    "data/props/extractions": _a_part("EXTRACT-"),
    "data/props/fieldaliases": _a_part("FIELDALIAS-"),
    "data/props/lookups": _a_part("LOOKUP-"),
    "data/props/sourcetype-rename": _a_part("rename"),
    "data/ui/nav": _a_page,
    "data/ui/panels": _a_page,
    "data/ui/views": _a_page,
    "datamodel/acceleration": _a_model,
    "datamodel/model": _a_model,
    "datamodel/pivot": _a_model,
    "saved/fvtags": _a_tag,
    "saved/ntags": _a_tag,
    "scheduled/views": lambda daemon: f"_ScheduledView__{_a_page(daemon)}",
    "search/tags": lambda daemon: (_a_tag(daemon), "t")[1],
    "data/indexes-extended": _an_index,
    "data/lookup-table-files": _a_lookup_file,
    "messages": _a_message,
    "search/jobs": _a_job,
    "search/v2/jobs": _a_job,
    "storage/collections/data": _documents,
}
# The settings of a stanza that is to be found among the objects of a collection.
SETTINGS: dict[str, dict[str, str]] = {
    "data/transforms/extractions": {"REGEX": "(.)", "SOURCE_KEY": "_raw"},
    "data/transforms/lookups": {"filename": "x.csv"},
    "saved/searches": {"search": "| makeresults", "cron_schedule": "0 0 * * *"},
    "data/inputs/http": {"token": "probe-token"},
    "storage/passwords": {"password": ""},
}
STANZAS = {"storage/passwords": f":{NAME}:"}


def an_object(daemon: Daemon, path: str) -> str:
    """The name of an object that is there: of the app `search`, owned by nobody who asks."""
    cls = collection.collections[path]
    if path in MADE:
        return MADE[path](daemon)
    if issubclass(cls, ConfCollection):
        conf = "macros" if path == "configs/conf-*" else cls.conf
        stanza = STANZAS.get(path, NAME)
        if daemon.state.config.stanza(conf, cls.prefix + stanza) is None:
            daemon.state.config.set(conf, cls.prefix + stanza, SETTINGS.get(path, {"x": "y"}), app="search")
        return stanza
    listed = Client(daemon).basic("admin", "secret").get(path)
    return listed.names[0] if listed.status == 200 and listed.entries else NAME


PART = {"stanza": "made", "value": "x"}
PAGE = {"eai:data": "<a/>"}


# -- asking ------------------------------------------------------------------------------------------------------------

CREATES: dict[str, dict[str, Any]] = {
    "data/models": {"eai:data": "{}"},
    "data/ui/nav": PAGE,
    "data/ui/panels": PAGE,
    "data/ui/views": PAGE,
    "datamodel/model": {"eai:data": "{}"},
    "saved/fvtags": {"name": "host=made", "add": "x"},
    "saved/ntags": {"name": "host=made", "add": "x"},
    "alerts/metric_alerts": {"condition": "x", "metric_indexes": "x"},
    "catalog/metricstore/rollup": {"summaries": "1h|x"},
    "saved/bookmarks/monitoring_console": {"url": "x"},
    "admin/macros": {"definition": "x"},
    "data/macros": {"definition": "x"},
    "apps/appinstall": {"name": "/nothing/here"},
    "auth/login": {"username": "admin", "password": "secret"},
    "authentication/users": {"password": "long enough", "roles": "user"},
    "authorization/tokens": {"name": OWNER, "audience": "tests"},
    "data/inputs/oneshot": {"name": str(Path(__file__))},
    "data/inputs/script": {"interval": "60"},
    "data/inputs/tcp/cooked": {"name": "9998"},
    "data/inputs/tcp/raw": {"name": "9999"},
    "data/inputs/udp": {"name": "9997"},
    "data/lookup-table-files": {"name": "made.csv"},
    "data/transforms/extractions": {"REGEX": "(.)", "SOURCE_KEY": "_raw"},
    "messages": {"value": "x"},
    "properties": {"__conf": "made"},
    "saved/eventtypes": {"search": "x"},
    "saved/searches": {"search": "| makeresults"},
    "search/jobs": {"search": "| makeresults", "exec_mode": "oneshot"},
    "search/v2/jobs": {"search": "| makeresults", "exec_mode": "oneshot"},
    "storage/passwords": {"password": "x"},
}
UPDATES: dict[str, dict[str, Any]] = {
    "data/props/calcfields": PART,
    "data/props/extractions": PART,
    "data/props/fieldaliases": PART,
    "data/props/lookups": PART,
    "data/props/sourcetype-rename": PART,
    "data/ui/nav": PAGE,
    "data/ui/panels": PAGE,
    "data/ui/views": PAGE,
    "saved/fvtags": {"add": "y"},
    "saved/ntags": {"add": "y"},
    "search/tags": {"add": "host::y"},
    "search/concurrency-settings": {"max_searches_perc": "50"},
    "search/scheduler": {"disabled": "0"},
    "apps/local": {"label": "x"},
    "authentication/users": {"realname": "x"},
    "authorization/roles": {"srchJobsQuota": "4"},
    "search/jobs": {"custom.x": "y"},
    "search/v2/jobs": {"custom.x": "y"},
    "server/logger": {"level": "INFO"},
    "server/settings": {"trustedIP": "127.0.0.1"},
    "storage/passwords": {"password": "x"},
    "messages": {"value": "x"},
    "admin/macros": {"definition": "x"},
    "data/macros": {"definition": "x"},
    "saved/searches": {"search": "| makeresults"},
    "saved/eventtypes": {"search": "x"},
}
QUERIES: dict[str, dict[str, Any]] = {
    "search/parser": {"q": "search x"},
    "search/v2/parser": {"q": "search x"},
    "search/timeparser": {"time": "now"},
}
ACTIONS: dict[str, dict[str, Any]] = {
    "acl": {"sharing": "app", "owner": "nobody"},
    "move": {"app": "splunk_httpinput"},
    "control": {"action": "touch"},
    "suppress": {"expiration": "60"},
    "export": {"search": "| makeresults"},
    "oneshot": {"search": "| makeresults"},
}


def ask(daemon: Daemon, client: Client, row: Row) -> Answer:
    """The answer to one row; what it asks about is there beforehand, and what it makes is gone afterwards."""
    prefix = "/services" if row.path.startswith(("apps/", "auth", "server/", "search/")) else SHARED
    path, below = row.path.replace("conf-*", "conf-macros"), row.below
    if "<name>" in below:
        below = below.replace("<name>", an_object(daemon, row.path))
    target = f"{prefix}/{path}/{below}".rstrip("/")
    arguments = dict(QUERIES.get(row.path, {}))
    if row.method == "POST" and not row.below:
        arguments |= {"name": "made"} | CREATES.get(row.path, {})
        if row.path == "data/lookup-table-files":
            an_object(daemon, row.path)
            arguments["eai:data"] = str(daemon.state.data_dir / "var/run/splunk/lookup_tmp" / f"{NAME}.csv")
    elif row.below == "<name>":
        arguments |= UPDATES.get(row.path, {"disabled": "0"}) if row.method == "POST" else {}
        if row.method == "POST" and row.path == "data/lookup-table-files":
            arguments = {"eai:data": str(daemon.state.data_dir / "var/run/splunk/lookup_tmp" / f"{NAME}.csv")}
    else:
        arguments |= ACTIONS.get(row.below.rsplit("/", 1)[-1], {})
    if row.path == "storage/collections/data" and row.method == "POST":
        return client.send(target, {"x": 1})
    if below == "" and row.path in MADE and row.path.startswith(("data/models", "data/ui", "datamodel")):
        an_object(daemon, row.path)  # and what an earlier caller made is gone
    target = target.replace(" ", "%20")
    if row.path.startswith("receivers/"):
        return client.send(target, "an event")
    return client.post(target, arguments) if row.method == "POST" else client.request(row.method, target, arguments)


def locked_out(daemon: Daemon, wait: Callable[[float], None]) -> dict[str, Client]:
    """Callers who have no right to anything, whatever they once had. `wait` moves the clock by so many seconds."""
    accounts, bare, now = daemon.state.accounts, Client(daemon), daemon.state.now()
    accounts.set_user("gone", password="secret", roles=["admin"])
    session = accounts.open_session("gone")
    _, orphan = accounts.create_token("gone", "tests")
    accounts.remove_user("gone")
    _, expired = accounts.create_token("admin", "tests", now - 1)
    token, disabled = accounts.create_token("admin", "tests")
    token.enabled = False
    closed = accounts.open_session("admin")
    accounts.close_session(closed)
    stale = accounts.open_session("admin")
    _, short = accounts.create_token("admin", "tests", now + 60)
    wait(SESSION_SECONDS)
    return {
        "nobody": bare,
        "an expired session": bare.bearing(f"Splunk {stale}"),
        "an expired session as a cookie": Client(daemon, {"cookie": f"splunkd_8089={stale}"}),
        "a token whose time has come": bare.bearing(f"Bearer {short}"),
        "a session of a user who is gone": bare.bearing(f"Splunk {session}"),
        "a token of a user who is gone": bare.bearing(f"Bearer {orphan}"),
        "an expired token": bare.bearing(f"Bearer {expired}"),
        "a disabled token": bare.bearing(f"Bearer {disabled}"),
        "a closed session": bare.bearing(f"Splunk {closed}"),
    }


def callers(daemon: Daemon) -> dict[str, Client]:
    """One caller for each role, by password: a restart closes sessions."""
    accounts = daemon.state.accounts
    users: list[User] = [accounts.set_user(OWNER, password="x", roles=["admin"])]
    users += [accounts.set_user(f"a-{role}", password="secret", roles=[role]) for role in ROLES]
    return {role: Client(daemon).basic(f"a-{role}", "secret") for role in ROLES}


def undo(daemon: Daemon) -> None:
    """Take away what a row may have made."""
    state = daemon.state
    for app in state.config.apps():
        for file in (state.config.app_path(app) / "local").glob("*.conf"):
            file.unlink()
    for file in (state.etc / "system" / "local").glob("*.conf"):
        file.unlink()
    for name in ("made", NAME):
        if name in state.store:
            state.store.delete_index(name)
        if name in state.accounts.users:
            state.accounts.remove_user(name)
    for path in (state.etc / "apps" / "search" / "lookups").glob("*"):
        path.unlink()
    shutil.rmtree(state.etc / "apps" / "made", ignore_errors=True)
    state.config.reload()


def measure(daemon: Daemon, row: Row, who: dict[str, Client]) -> list[int]:
    found = []
    for client in who.values():
        found.append(ask(daemon, client, row).status)
        if row.method != "GET" and found[-1] < 300 and not row.below.endswith("_reload"):
            undo(daemon)
    return found


def recorded() -> dict[str, list[int]]:
    """Row text -> statuses for the roles, as the table has them."""
    found = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            *statuses, method, path = line.split()
            found[f"{method:<6} {path}"] = [int(status) for status in statuses]
    return found


def main() -> None:
    sys.stdout.write(
        "# Status of each request for a user, a power user and an administrator; for everybody else it is 401.\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(
            Path(folder),
            password="secret",
            addons=(),
            clock=lambda: 1_700_000_000.0,
            settings=Settings(file_inputs=True, scripts=True),
        )
        who = callers(daemon)
        for row in rows():
            sys.stdout.write(" ".join(str(status) for status in measure(daemon, row, who)) + f"  {row.text}\n")
        daemon.stop()


if __name__ == "__main__":
    main()
