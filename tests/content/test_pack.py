"""The detections of this repository: their authored data, a company that does nothing wrong, and real captures."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from caltrop.content import load
from caltrop.content.model import Catalogue
from caltrop.corpus import run as corpus
from caltrop.engine.instance import Instance
from caltrop.knowledge import layers
from caltrop.spl import lint, parse
from tools import company, pack_data
from tools.windows_events import Log

# What a site writes into a detection's filter macro, by the fields that its known false positives name.
TUNINGS = {
    "Administration Protocol Spoken by a Program of a Writable Folder": 'search NOT (process_path="C:\\\\ProgramData\\\\RemoteTool\\\\*" dest_port=445)',
    "Administrative Share Named on a Command Line": "search NOT (user=adm-okafor target_host=SRV-APP02)",
    "CIM or WMI Class Method Called on Another Host by a Script": 'search NOT script="*Rollout\\\\run.cmd*"',
    "Command Interpreter Started by the Service Control Manager": 'search NOT process="*Vendor\\\\boot.cmd"',
    "Registry Utility Aimed at Another Host": "search NOT (user=adm-okafor target_host=SRV-APP02)",
    "Command Output Sent to an Administrative Share": 'search NOT (process="*Ops\\\\check.cmd*" user=svc-ops)',
    "Command on One Host Followed by Its Deed on Another": "search NOT (src=ADM-WS01* user=adm-okafor)",
    "DCOM Application Accepted a Network Connection": "search NOT (process_name=OUTLOOK.EXE dest_port=51900)",
    "DCOM Object of Another Host Created by a Script": 'search NOT script="*Reports\\\\daily.xlsx*"',
    "Executable Written to an Administrative Share": "search NOT (src=10.20.1.31 user=svc-pdq)",
    "Explicit Credentials Used Toward Another Host by an Unusual Program": 'search NOT (process_path="*\\\\powershell.exe" user=adm-*)',
    "Kerberos Spoken by a Program Other Than LSASS": 'search NOT process_path="D:\\\\App\\\\jre\\\\*"',
    "Logon With Other Credentials for the Network": "search NOT (user=adm-okafor dest=ADM-WS01*)",
    "Named Pipe of a Remote Execution Tool": "search NOT (family=psexesvc user=help-kaya)",
    "PowerShell Engine Hosted by an Unusual Program": 'search NOT process_path="C:\\\\Program Files\\\\Veeam\\\\*"',
    "PowerShell Remoting Aimed at Another Host": "search NOT dest=ADM-WS01*",
    "Process Started by a WinRM Host Process": "search NOT user=svc-ansible",
    "Process Started by the WMI Provider Host": 'search NOT (process="*ProgramData\\\\Inventory\\\\*" user=SYSTEM)',
    "Process Started in a Network Logon Session": "search NOT (process_name=ipconfig.exe user=adm-okafor)",
    "Program Started by a COM Application That Serves Another": 'search NOT (process="*Reports\\\\render.cmd" parent_process_name=EXCEL.EXE)',
    "Program of a Service Changed Through the Registry": "search NOT (service=VendorAgent process_name=reg.exe)",
    "Remote Desktop Client Inside an Unusual Program": 'search NOT process_path="C:\\\\Program Files\\\\Support\\\\*"',
    "Remote Desktop Logon From an Unusual Source": "search NOT (src=10.20.9.6 user=help-*)",
    "Remote Desktop Session Taken Over With tscon": "search NOT (user=kiosk process=*/dest:console)",
    "Remote Registry Opened Over SMB": "search NOT (src=10.20.1.40 user=svc-mon)",
    "Scheduled Task Registered From a Network Logon": 'search NOT (task_name="\\\\Site\\\\*" user=adm-okafor)',
    "Scheduled Task Utility Aimed at Another Host": "search NOT (user=adm-okafor target_host=SRV-APP02)",
    "Service Control Manager Opened Over SMB": "search NOT (src=10.20.1.31 user=svc-pdq)",
    "Service Control Utility Aimed at Another Host": "search NOT (user=adm-okafor target_host=SQL01)",
    "Service Host Loaded an Unsigned Library": 'search NOT loaded_file_path="C:\\\\Vendor\\\\*"',
    "Service Installed From a Network Logon": "search NOT (service=PDQDeployRunner-* user=svc-pdq)",
    "Service Installed That Runs a Command Interpreter": 'search NOT (service=VendorBoot service_path="*Vendor\\\\boot.ps1")',
    "Ticket Granting Ticket Requested With RC4": "search NOT (src=10.20.1.40 user=svc-mon)",
    "WinRM Command Line Aimed at Another Host": "search NOT (user=adm-okafor target_host=SRV-APP02)",
    "WMI Event Consumer That Runs a Command": "search NOT consumer=VendorPowerPlan",
    "WMIC Starts a Process on a Named Host": "search NOT (user=adm-okafor target_host=SRV-APP02)",
}


@pytest.fixture(scope="module")
def catalogue(root: Path) -> Catalogue:
    return load(root)


def written(log: Log, folder: Path) -> list[str]:
    """The log's channels as files."""
    paths = []
    for channel in log.channels():
        path = folder / f"{channel}.log"
        path.write_text("\n".join(log.lines(channel)) + "\n")
        paths.append(str(path))
    return paths


@contextmanager
def over(catalogue: Catalogue, log: Log, folder: Path) -> Iterator[Instance]:
    with corpus.instance_of(catalogue, written(log, folder), layers()) as (instance, events):
        assert events == len(log.events)
        yield instance


def hits(catalogue: Catalogue, instance: Instance) -> dict[str, list[dict[str, Any]]]:
    """Rows of every detection that has any; one that cannot run fails the test."""
    runs = [
        corpus.run(instance, one, catalogue.config.id, rows=True)
        for one in catalogue.detections
        if one.type != "Correlation"
    ]
    assert [run.error for run in runs if run.error] == []
    return {run.name: run.rows for run in runs if run.rows}


def fill(instance: Instance, app: str) -> None:
    """What the site writes into the lookups."""
    for lookup, column, rows in (
        ("caltrop_assets", "host", company.ASSETS),
        ("caltrop_identities", "account", company.IDENTITIES),
    ):
        values = ",".join(f'"{one}"' for one, _, _ in rows)
        instance.search(
            f'| makeresults | eval {column}=split(replace("{";".join(one for one, _, _ in rows)}", "\\s", ""), ";"), role="management", owner="it" '
            f"| mvexpand {column} | table {column} role owner | outputlookup {lookup}",
            app=app,
        )
        left = instance.search(f"| inputlookup {lookup}", app=app).table
        assert len(left) == len(rows), values


def test_committed_data_is_what_the_module_writes(root: Path) -> None:
    folder = root / "tests" / "data" / "pack"
    wanted = pack_data.files()
    assert sorted(path.name for path in folder.iterdir()) == sorted(wanted)
    for name, text in wanted.items():
        data = (folder / name).read_bytes()
        assert (gzip.decompress(data) if name.endswith(".gz") else data).decode() == text, name


# Written before the pack, with patterns of their own beside words; the seed's search stays as it is.
OLDER = "Remote Process Instantiation via WMI and PowerShell"


def test_no_search_begins_a_value_with_a_wildcard(catalogue: Catalogue) -> None:
    found = {
        one.name: [each.code for each in lint(parse(one.search), one.search) if each.code == "leading-wildcard"]
        for one in catalogue.detections
        if not one.name.startswith(OLDER)
    }
    assert len(found) > 30
    assert {name for name, codes in found.items() if codes} == set()


def test_every_scene_is_a_detection(catalogue: Catalogue) -> None:
    files = {Path(one.file).stem for one in catalogue.detections}
    assert set(pack_data.SCENES) <= files


@pytest.mark.slow
def test_a_company_at_work_gives_no_hit(catalogue: Catalogue, tmp_path: Path) -> None:
    log = company.day()
    company.near_misses(log)
    assert len(log.events) > 5000
    with over(catalogue, log, tmp_path) as instance:
        assert hits(catalogue, instance) == {}


@pytest.mark.slow
def test_administration_is_silent_once_the_lookups_name_it(catalogue: Catalogue, tmp_path: Path) -> None:
    """Those who may do what intruders do are found, and left out by host and account together."""
    log = Log()
    company.administration(log)
    with over(catalogue, log, tmp_path) as instance:
        assert set(hits(catalogue, instance)) == company.ANSWERED
        fill(instance, catalogue.config.id)
        assert set(hits(catalogue, instance)) == company.TUNED_ONLY


@pytest.mark.slow
def test_lookups_do_not_hide_intruders(catalogue: Catalogue, tmp_path: Path) -> None:
    """A management account on a host that is none, and the other way round, still count."""
    log = Log()
    log.logon("SRV-APP02", 1, "adm-okafor", 3, "10.20.4.17", "0x9101", port=50112)
    log.task(4698, "SRV-APP02", 2, "adm-okafor", "\\Odd", "cmd.exe /c odd", logon="0x9101", local=False)
    log.logon("SRV-APP02", 3, "svc-helios", 3, company.ADMIN[1], "0x9102", port=50113)
    log.task(4698, "SRV-APP02", 4, "svc-helios", "\\Odder", "cmd.exe /c odder", logon="0x9102", local=False)
    with over(catalogue, log, tmp_path) as instance:
        fill(instance, catalogue.config.id)
        rows = hits(catalogue, instance)["Scheduled Task Registered From a Network Logon"]
    assert sorted(row["task_name"][0] for row in rows) == ["\\Odd", "\\Odder"]


@pytest.mark.slow
@pytest.mark.parametrize("name", TUNINGS)
def test_one_tuning_removes_the_benign_case_and_keeps_the_hits(catalogue: Catalogue, tmp_path: Path, name: str) -> None:
    (detection,) = (one for one in catalogue.detections if one.name == name)
    log = Log()
    pack_data.SCENES[Path(detection.file).stem](log)
    with over(catalogue, log, tmp_path) as instance:
        wanted = corpus.run(instance, detection, catalogue.config.id).hits
    company.LOOKALIKES.get(name, company.administration)(log)
    with over(catalogue, log, tmp_path) as instance:
        assert corpus.run(instance, detection, catalogue.config.id).hits > wanted > 0
    macros = [f"{detection.filter_macro}={TUNINGS[name]}"]
    with corpus.instance_of(catalogue, written(log, tmp_path), layers(), macros) as (instance, _):
        run = corpus.run(instance, detection, catalogue.config.id)
    assert (run.error, run.hits) == (None, wanted)


def test_every_benign_case_has_a_tuning_on_fields_that_the_detection_names(catalogue: Catalogue) -> None:
    assert set(TUNINGS) == company.ANSWERED | set(company.LOOKALIKES)
    by_name = {one.name: one for one in catalogue.detections}
    for name, macro in TUNINGS.items():
        fields = re.findall(r"([a-z_]+)=", macro)
        assert any(f"`{field}`" in by_name[name].known_false_positives for field in fields), name


@pytest.mark.slow
def test_the_classic_rendering_is_read_as_well(catalogue: Catalogue, root: Path) -> None:
    """One movement in the text that the Security log has without renderXml: the same detections, with both ends."""
    with corpus.instance_of(catalogue, [str(root / "tests" / "data" / "pack_classic.log")], layers()) as (
        instance,
        events,
    ):
        assert events == 7
        found = hits(catalogue, instance)
    assert set(found) == {
        "Command on One Host Followed by Its Deed on Another",
        "Command Output Sent to an Administrative Share",
        "Executable Written to an Administrative Share",
        "Explicit Credentials Used Toward Another Host by an Unusual Program",
        "Process Started by the WMI Provider Host",
        "Process Started in a Network Logon Session",
        "Scheduled Task Registered From a Network Logon",
        "Service Control Manager Opened Over SMB",
        "Service Installed From a Network Logon",
        "Service Installed That Runs a Command Interpreter",
    }
    assert all(
        row["src"] == "10.20.4.17"
        for name in ("Service Installed From a Network Logon", "Scheduled Task Registered From a Network Logon")
        for row in found[name]
    )
    assert found["Scheduled Task Registered From a Network Logon"][0]["process"] == "C:\\ProgramData\\upd.exe"
