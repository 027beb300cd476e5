"""contentctl's `test_servers`, unmodified: the project that its own `init` writes, built by itself, on data of ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from caltrop.splunkd.server import Server
from tests.clients.venv import python_with

CONTENTCTL = "contentctl==5.6.2"
PASSWORD = "changed!"
SECONDS = 500
EVENT = """\
<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon' \
Guid='{5770385F-C22A-43E0-BF4C-06F5698FFBD9}'/><EventID>1</EventID><Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode>\
<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='2026-11-20T10:00:00.000000000Z'/><EventRecordID>77</EventRecordID>\
<Correlation/><Execution ProcessID='1000' ThreadID='1200'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel>\
<Computer>ws1.example.test</Computer><Security UserID='S-1-5-18'/></System><EventData><Data Name='ProcessId'>4242</Data>\
<Data Name='Image'>C:\\Temp\\7z.exe</Data><Data Name='OriginalFileName'>7z.exe</Data><Data Name='CommandLine'>7z.exe a out.7z docs</Data>\
<Data Name='User'>EXAMPLE\\ann</Data><Data Name='ParentProcessId'>4000</Data>\
<Data Name='ParentImage'>C:\\Windows\\System32\\rundll32.exe</Data><Data Name='ParentCommandLine'>rundll32.exe x.dll,Start</Data>\
</EventData></Event>
"""

pytestmark = [pytest.mark.slow, pytest.mark.client]


def test_a_project_of_its_own_on_this_server(tmp_path: Path) -> None:
    python = python_with([CONTENTCTL])
    project = tmp_path / "project"
    project.mkdir()

    def contentctl(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python.with_name("contentctl")), *arguments], cwd=project, env=os.environ | variables, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip

    assert contentctl("init").returncode == 0
    write(project)
    built = contentctl("build", "--app.label", "ESCU")  # its integration test knows no other label
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-2000:]
    with Server(tmp_path / "splunkd", password=PASSWORD) as server:
        server.install(project / "dist" / "ContentPack")
        where = f"localhost,admin,{PASSWORD},8000,{server.hec_url.rsplit(':', 1)[1]},{server.port}"
        tested = contentctl(
            "test_servers", "--post-test-behavior", "never_pause", "--disable-tqdm", "--app.label", "ESCU",
            "--enable-integration-testing", "mode:all", CONTENTCTL_TEST_INFRASTRUCTURES=where, BROWSER="true",
        )  # fmt: skip
    told = tested.stdout[-3000:] + tested.stderr[-2000:]
    report = yaml.safe_load((project / "test_results" / "summary.yml").read_text())
    verdicts = {d["name"]: {t["test_type"]: t["status"] for t in d["tests"]} for d in report["tested_detections"]}
    assert verdicts["Anomalous usage of 7zip"] == {"unit": "pass", "integration": "pass"}, told
    assert verdicts["No index for it"]["unit"] == "error", told
    assert (report["summary"]["total_pass"], report["summary"]["total_fail"]) == (1, 1) and tested.returncode != 0


def write(project: Path) -> None:
    """The sample detection with data of ours, and one that must not pass: its index is not there."""
    path = project / "detections" / "endpoint" / "anomalous_usage_of_7zip.yml"
    detection = yaml.safe_load(path.read_text())
    (project / "event.xml").write_text(EVENT)
    (data,) = detection["tests"][0]["attack_data"]
    data["data"] = "event.xml"
    path.write_text(yaml.safe_dump(detection, sort_keys=False))
    data["custom_index"] = "no_such_index"
    other = {"name": "No index for it", "id": "f4a4ab4e-a39a-11eb-8f1d-acde48001199"}
    search = detection["search"].replace("anomalous_usage_of_7zip_filter", "no_index_for_it_filter")
    path.with_name("no_index_for_it.yml").write_text(
        yaml.safe_dump(detection | other | {"search": search}, sort_keys=False)
    )
