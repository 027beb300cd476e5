"""Pictures of the console's pages for docs/images: light at 1280 pixels, dark at 390.

python -m tools.screenshots

Needs Chromium at /usr/bin/chromium and playwright; starts a server of its own, with this repository's app and its test data.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
PASSWORD = "pictures only"
SEED = "remote_process_instantiation_via_wmi_and_powershell_script_block_xml"
NAME = "Caltrop - Remote Process Instantiation via WMI and PowerShell Script Block XML - Rule"
SOURCE = "XmlWinEventLog:Microsoft-Windows-PowerShell/Operational"
SEARCH = 'index=windows EventCode=4104 | stats count by Computer UserID | where count > 2 AND Computer="ADM*"'
ALL_TIME = {"form.range.earliest": "0", "form.range.latest": ""}
PAGES = {
    "search": f"app/search/search?{urlencode({'q': 'index=windows', 'earliest': '0', 'latest': ''})}",
    "pipeline": f"app/search/search?{urlencode({'q': SEARCH, 'earliest': '0', 'latest': '', 'tab': 'pipeline'})}",
    "detections": f"console/detections?{urlencode({'name': NAME})}",
    "tune": f"console/tune?{urlencode({'macro': f'{SEED}_filter'})}",
    "overview": f"app/caltrop_detections/overview?{urlencode(ALL_TIME)}",
    "risk": "console/risk",
    "server": "console/server",
}
LOOKS = (("light", 1280), ("dark", 390))


def filled(server: Server, folder: Path) -> None:
    """This repository's app, its seed capture, and one run of the detection over it."""
    subprocess.run([sys.executable, "-m", "caltrop", "build", "--out", str(folder)], cwd=ROOT, check=True, timeout=180)
    (package,) = folder.glob("*.tar.gz")
    server.install(package)
    admin = Client(server.daemon).basic("admin", PASSWORD)
    admin.post("data/indexes", name="windows")
    given = {"index": "windows", "sourcetype": "XmlWinEventLog", "source": SOURCE, "host": "collector"}
    admin.request("POST", "receivers/simple", given, (ROOT / "tests" / "data" / "wmi_powershell_xml.log").read_bytes())
    over = {"dispatch.earliest_time": "0", "dispatch.latest_time": "now", "trigger_actions": "1"}
    sid = admin.post(f"/servicesNS/nobody/caltrop_detections/saved/searches/{NAME}/dispatch", over).json()["sid"]
    job = server.daemon.searching.jobs.get(sid)
    if job is None or not job.done.wait(60):
        raise SystemExit("the detection did not end within a minute")


def main() -> int:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Server(web_port=0, password=PASSWORD) as server:
        filled(server, Path(folder))
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            for scheme, width in LOOKS:
                context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
                page = context.new_page()
                page.goto(f"http://127.0.0.1:{server.web_port}/")
                page.get_by_label("User name").fill("admin")
                page.get_by_label("Password").fill(PASSWORD)
                page.get_by_role("button", name="Sign in").click()
                page.get_by_role("button", name="Sign out").wait_for()
                for name, path in PAGES.items():
                    page.goto(f"http://127.0.0.1:{server.web_port}/en-US/{path}")
                    page.wait_for_load_state("networkidle")
                    page.wait_for_timeout(2500)
                    page.screenshot(path=IMAGES / f"console-{name}-{scheme}-{width}.png")
                context.close()
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
