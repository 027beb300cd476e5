"""The console's pages in the states that a person meets, over a server with data in it: pictures are taken of them, and tests walk them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from caltrop.testing.edited import EditedRepository

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "pictures only"
APP = "caltrop_detections"
SEED = "remote_process_instantiation_via_wmi_and_powershell_script_block_xml"
TITLE = "Remote Process Instantiation via WMI and PowerShell Script Block XML"
NAME = f"Caltrop - {TITLE} - Rule"
FILE = f"detections/endpoint/{SEED}.yml"
BROKEN = "detections/endpoint/remote_process_instantiation_via_wmi_and_powershell_module_logging.yml"
PREFIX = "XmlWinEventLog:Microsoft-Windows-"
SOURCE = f"{PREFIX}PowerShell/Operational"
CAPTURES = (
    ("wmi_powershell_xml.log", SOURCE),
    ("wmi_powershell_4103_xml.log", SOURCE),
    ("pack/service_control_utility_aimed_at_another_host.sysmon.log", f"{PREFIX}Sysmon/Operational"),
    ("pack/wmi_event_consumer_that_runs_a_command.sysmon.log", f"{PREFIX}Sysmon/Operational"),
)
RUN = (
    TITLE,
    "Remote Process Instantiation via WMI and PowerShell Module Logging",
    "Service Control Utility Aimed at Another Host",
    "WMI Event Consumer That Runs a Command",
)
EDITED = (
    "app.yml",
    "data_sources",
    "deployments",
    "detections",
    "investigations",
    "lookups",
    "macros",
    "stories",
    "app",
)
SECONDS = 120.0  # that one step of the filling may take


@dataclass(frozen=True, slots=True)
class State:
    """A page as it looks after `then`: what a person does there once it is open."""

    name: str
    path: str  # below /en-US/
    shows: str  # a selector of what is there when the page is ready
    then: Callable[[Any], None] = lambda page: None
    signed_in: bool = True


def _search(text: str, **more: str) -> str:
    return f"app/search/search?{urlencode({'q': text, 'earliest': '0', 'latest': '', **more})}"


def _console(page: str, **query: str) -> str:
    return f"console/{page}{f'?{urlencode(query)}' if query else ''}"


def _view(name: str, **query: str) -> str:
    return f"app/{APP}/{name}?{urlencode({'form.range.earliest': '0', 'form.range.latest': '', **query})}"


def _click(role: str, name: str, waits: str) -> Callable[[Any], None]:
    def then(page: Any) -> None:
        page.get_by_role(role, name=name).first.click()
        page.locator(waits).first.wait_for()

    return then


def _field(page: Any) -> None:
    opener = page.locator(".fields-opener")  # on a telephone
    if opener.is_visible():
        opener.click()
    page.locator("button.field", has_text="status").click()
    page.locator(".field-values").wait_for()


def _preview(page: Any) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(ROOT / "tests" / "data" / "wmi_powershell_xml.log")
    page.locator(".data-preview tbody tr").first.wait_for()


def _hits(page: Any) -> None:
    page.get_by_role("button", name="Run now").click()
    page.locator(".hits > li").first.wait_for(timeout=60_000)


def _matrix(page: Any) -> None:
    page.get_by_role("heading", name="ATT&CK matrix").click()
    page.locator(".technique").first.wait_for()
    page.get_by_role("region", name="ATT&CK matrix").scroll_into_view_if_needed()


def _entity(page: Any) -> None:
    page.get_by_role("region", name="Entities by score").get_by_role("button").first.click()
    page.get_by_role("region", name="Risk events of").wait_for()


WEB = "index=web sourcetype=access_combined"
PIPELINE = 'index=windows EventCode=4104 | stats count by Computer UserID | where count > 2 AND Computer="ADM*"'
STATES = (
    State("login", "", "[type=password]", signed_in=False),
    State("search-begin", "app/search/search", ".begin tbody tr, .begin .history li"),
    State("search", _search(WEB), ".event"),
    State("search-fields", _search(WEB), ".fields", _field),
    State("search-times", _search(WEB), ".event", _click("button", "Time range", ".range")),
    State("statistics", _search(f"{WEB} | stats count avg(bytes) AS bytes dc(clientip) AS visitors by uri_path, status | sort - count"), ".grid-body .grid-cell"),
    State("visualisation", _search(f"{WEB} | timechart span=15m count by status", tab="visualization", chart="area"), ".chart path"),
    State("pipeline", _search(PIPELINE, tab="pipeline"), ".stage"),
    State("search-wrong", _search("index=web | evall status=1"), ".notice.error"),
    State("search-nothing", _search("index=web status=200 | search stauts=404 | table clientip"), ".job-bar"),
    State("data", _console("data"), ".drop"),
    State("data-preview", _console("data"), ".drop", _preview),
    State("detections", _console("detections"), "tbody tr"),
    State("detection", _console("detections", name=NAME), "tbody tr", _hits),
    State("matrix", _console("detections"), "tbody tr", _matrix),
    State("content", _console("detections", file=BROKEN), "[aria-label^='Tests of']"),
    State("tune", _console("tune", macro=f"{SEED}_filter"), ".verdicts .tag"),
    State("dashboards", _console("dashboards"), ".dash-list a"),
    State("overview", _view("overview"), ".dash-panel"),
    State("hits", _view("hits"), ".dash-panel"),
    State("coverage", _view("coverage"), ".dash-panel"),
    State("help", _view("help"), ".dash-panel"),
    State("risk", _console("risk"), "tbody tr", _entity),
    State("server", _console("server"), "tbody tr"),
    State("server-apps", _console("server", part="apps"), "tbody tr"),
    State("server-users", _console("server", part="users"), "tbody tr"),
    State("server-tokens", _console("server", part="tokens"), "tbody tr"),
    State("server-jobs", _console("server", part="jobs"), "tbody tr"),
    State("server-scheduler", _console("server", part="scheduler"), ".panel"),
    State("server-sourcetypes", _console("server", part="sourcetypes"), "tbody tr"),
    State("server-messages", _console("server", part="messages"), ".panel"),
)  # fmt: skip


def show(page: Any, root: str, state: State) -> None:
    """Open the state and wait until nothing moves."""
    page.goto(f"{root}/en-US/{state.path}")
    page.locator(state.shows).first.wait_for()
    page.wait_for_load_state("networkidle")
    state.then(page)
    page.wait_for_load_state("networkidle")
    page.locator("[aria-busy=true]").first.wait_for(state="detached")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)  # drawing after the last answer


def sign_in(page: Any, root: str) -> None:
    page.goto(f"{root}/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


# -- the server behind them ---------------------------------------------------------------------------------------------


@contextmanager
def server() -> Iterator[Server]:
    """This repository's app, captures with their hits and risk, a shop's access log, and a repository that is being edited."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content = folder / "content"
        content.mkdir()
        for part in EDITED:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, content / part)
            else:
                shutil.copy(ROOT / part, content / part)
        shutil.copytree(ROOT / "tests" / "data", content / "tests" / "data")
        broken = content / BROKEN
        broken.write_text(broken.read_text().replace("EventCode=4103", "EventCode=4130"))
        with Server(folder / "data", web_port=0, password=PASSWORD, content=EditedRepository(content)) as running:
            _filled(running, folder)
            yield running


def _filled(running: Server, folder: Path) -> None:
    command = [sys.executable, "-m", "caltrop", "build", "--out", str(folder / "dist")]
    subprocess.run(command, cwd=ROOT, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL)
    (package,) = (folder / "dist").glob("*.tar.gz")
    running.install(package)
    admin = Client(running.daemon).basic("admin", PASSWORD)
    for index in ("windows", "web"):
        admin.post("data/indexes", name=index)
    for file, source in CAPTURES:
        given = {"index": "windows", "sourcetype": "XmlWinEventLog", "source": source, "host": "collector"}
        admin.request("POST", "receivers/simple", given, (ROOT / "tests" / "data" / file).read_bytes())
    given = {"index": "web", "sourcetype": "access_combined", "source": "/var/log/nginx/access.log", "host": "web-01"}
    admin.request("POST", "receivers/simple", given, "\n".join(visits()).encode())
    for title in RUN:
        _dispatched(running, admin, title)
    admin.post("authentication/users", name="mara", password="a long password", roles="power", realname="Mara Keller")
    admin.post("data/inputs/http", name="sensors", index="windows")
    enabled = {"disabled": 0, "is_scheduled": 1}
    admin.request("POST", f"/servicesNS/nobody/{APP}/saved/searches/{NAME}", enabled)
    running.daemon.state.logs.scheduler(
        f'user="nobody", app="{APP}", savedsearch_name="{NAME}", status=success, run_time=0.412, result_count=7'
    )
    running.daemon.state.logs.flush()
    for file in (FILE, BROKEN):
        admin.post("caltrop/content", file=file)
        _until(lambda: admin.get("caltrop/content").json()["running"] is None)


def _dispatched(running: Server, admin: Client, title: str) -> None:
    """One run of a detection over everything, with what it leaves."""
    over = {"dispatch.earliest_time": "0", "dispatch.latest_time": "now", "trigger_actions": "1"}
    path = f"/servicesNS/nobody/{APP}/saved/searches/Caltrop - {title} - Rule/dispatch"
    job = running.daemon.searching.jobs.get(admin.post(path, over).json()["sid"])
    if job is None or not job.done.wait(SECONDS):
        raise SystemExit(f"{title} did not end within {SECONDS:.0f} s")


def _until(ended: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not ended():
        if time.monotonic() > deadline:
            raise SystemExit(f"the tests of the content did not end within {SECONDS:.0f} s")
        time.sleep(0.2)


def visits() -> Iterator[str]:
    """A morning of a shop's access log: it opens, has its busy hour, and one address tries passwords."""
    pages = ("/", "/items", "/items/1042", "/cart", "/checkout", "/login", "/static/site.css")
    for n in range(4_000):
        second = n * 4
        hour = second // 3600
        if (n * 7919) % 11 < abs(2 - hour) * 3:
            continue
        tries = hour == 3 and n % 3 == 0
        address = "203.0.113.77" if tries else f"198.51.100.{(n * 37) % 60}"
        page = "/login" if tries else pages[(n * 31) % len(pages)]
        status = 401 if tries else 500 if n % 97 == 0 else 404 if n % 41 == 0 else 200
        at = f"02/Mar/2026:{8 + hour:02d}:{second // 60 % 60:02d}:{second % 60:02d} +0000"
        agent = "curl/8.5.0" if tries else "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"
        yield f'{address} - - [{at}] "{"POST" if tries else "GET"} {page} HTTP/1.1" {status} {200 + (n * 53) % 9000} "-" "{agent}"'
