"""The console in a real browser: a server, headless Chromium, and a page of a signed-in user.

Whatever a page logs as an error, and whatever its content policy stops, fails the test that saw it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from caltrop.testing.edited import EditedRepository
from tests.testing.test_edited import sample_repository

CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "correct horse"
AXE = Path(__file__).resolve().parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


MARKUP = "<img src=x onerror=window.broken=1>"
HOSTILE = f'2026-03-02T10:00:00Z note="{MARKUP}" html="<script>window.broken=2</script>"'


def _visits() -> Iterator[str]:
    """Two hours of a shop's access log: 1,440 events, every sixth failed."""
    for n in range(1440):
        second = n * 5
        when = f"02/Mar/2026:{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d} +0000"
        page = ("index", "cart", "login", "items")[n % 4]
        yield f'10.0.0.{n % 40} - - [{when}] "GET /{page} HTTP/1.1" {500 if n % 6 == 0 else 200} {100 + n} "-" "Browser"'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = {path for path in {item.path for item in items} if Path(__file__).parent in path.parents}
    for item in items:
        if item.path in here:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository that is edited beside the server."""
    root = tmp_path_factory.mktemp("content")
    sample_repository(root)
    return root


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, content: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("splunkd")
    with Server(folder, web_port=0, password=PASSWORD, content=EditedRepository(content)) as running:
        accounts = running.daemon.state.accounts
        accounts.set_user("reader", password="a reader's", roles=["user"])
        admin = Client(running.daemon).basic("admin", PASSWORD)
        admin.post("data/indexes", name="shop")
        admin.post("/servicesNS/nobody/search/admin/macros", name="failed_only", definition="status>=400")
        given = {"index": "shop", "sourcetype": "access_combined", "source": "/var/log/access.log", "host": "web-01"}
        admin.request("POST", "receivers/simple", given, "\n".join(_visits()).encode())
        given = {"index": "shop", "sourcetype": "hostile", "source": MARKUP, "host": "bad"}
        admin.request("POST", "receivers/simple", given, HOSTILE.encode())
        yield running


@pytest.fixture(scope="session")
def admin(server: Server) -> Client:
    return Client(server.daemon).basic("admin", PASSWORD)


@pytest.fixture(scope="session")
def package(server: Server, tmp_path_factory: pytest.TempPathFactory, root: Path) -> str:
    """This repository's own app, built and installed; its name."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "caltrop", "build", "--out", str(out)], cwd=root, check=True, timeout=120)
    (built,) = out.glob("*.tar.gz")
    return server.install(built)


@pytest.fixture(scope="package")  # its event loop must not run beside tests of other packages
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not here: the console was NOT tried in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not here: no browser was driven")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Console:
    """A page of the console, and what was wrong in it."""

    page: Any
    root: str
    problems: list[str]

    def open(self, path: str) -> None:
        self.page.goto(f"{self.root}{path}")

    def sign_in(self, name: str = "admin", password: str = PASSWORD) -> None:
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out").wait_for()

    def search(self, text: str, earliest: str = "0", latest: str = "", **more: str) -> None:
        """Open a search and wait for its end."""
        self.open(f"/en-US/app/search/search?{urlencode({'q': text, 'earliest': earliest, 'latest': latest, **more})}")
        self.ended()

    def ended(self) -> str:
        """What the page says of the search that has ended."""
        status = self.page.locator(".job-bar [role=status]")
        status.filter(has_text=re.compile("^(✓|The search)")).wait_for()
        return str(status.text_content())

    def accessible(self) -> None:
        """axe-core finds nothing."""
        if not AXE.exists():
            pytest.skip(f"{AXE} is not here: run make console first; accessibility was NOT checked")
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        told = [
            f"{v['id']}: {v['help']}: {[(n['target'], n['failureSummary']) for n in v['nodes'][:4]]}"
            for v in found["violations"]
        ]
        assert not told, "\n".join(told)


Opened = Callable[..., Any]


@pytest.fixture
def fresh(server: Server, chromium: Any) -> Iterator[Opened]:
    """Opens pages of contexts of their own; keyword arguments are those of a browser context."""
    contexts: list[Any] = []
    opened: list[Console] = []

    def make(**options: Any) -> Console:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(float(os.environ.get("CALTROP_BROWSER_TIMEOUT", "60000")))
        contexts.append(context)
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda m: problems.append(m.text) if _matters(m) else None)
        page.on("pageerror", lambda error: problems.append(str(error.stack or error)))
        made = Console(page, f"http://127.0.0.1:{server.web_port}", problems)
        opened.append(made)
        return made

    yield make
    for context in contexts:
        context.close()
    assert [problem for console in opened for problem in console.problems] == []


def _matters(message: Any) -> bool:
    """Errors, but for a status of the API: the console shows those, and Chromium logs each of them."""
    return message.type == "error" and not message.text.startswith("Failed to load resource: the server responded with")


@pytest.fixture
def console(fresh: Opened) -> Console:
    made: Console = fresh()
    made.open("/")
    made.sign_in()
    return made


@contextmanager
def watched(page: Any, url: str) -> Iterator[list[Any]]:
    """The requests made meanwhile whose address has this in it."""
    seen: list[Any] = []

    def note(request: Any) -> None:
        if url in request.url:
            seen.append(request)

    page.on("request", note)
    yield seen
    page.remove_listener("request", note)
