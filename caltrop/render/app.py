"""What makes an app of it: app.conf, app.manifest, content-version.conf, commands.conf, metadata, navigation, README."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from caltrop.content.config import AppConfig
from caltrop.content.model import Catalogue
from caltrop.render.conf import Conf

# Files of configuration that Splunk does not know itself; changing them needs no restart.
_TRIGGERS = (
    "analytic_stories", "usage_searches", "use_case_library", "correlationsearches", "analyticstories", "governance",
    "managed_configurations", "postprocess", "content-version", "es_investigations",
)  # fmt: skip
_ROLES = re.compile(r"\[([^\]]*)\]")
ROLES = ("admin", "sc_admin", "power")


def app_conf(config: AppConfig) -> Conf:
    conf = Conf()
    conf.add(
        "install",
        [
            ("is_configured", "false"),
            ("state", "enabled"),
            ("state_change_requires_restart", "false"),
            ("build", config.build),
        ],
    )
    conf.add("triggers", [(f"reload.{name}", "simple") for name in _TRIGGERS])
    conf.add(
        "launcher",
        [
            ("author", config.author_company or config.author_name),
            ("version", config.version),
            ("description", config.description),
        ],
    )
    conf.add("ui", [("is_visible", "true"), ("label", config.label)])
    conf.add("package", [("id", config.id)])
    conf.add("id", [("name", config.id), ("version", config.version)])
    return conf


def replication(names: Iterable[str]) -> Conf:
    """server.conf: files of configuration that Splunk does not know itself are copied in a search head cluster too."""
    conf = Conf()
    custom = [(f"conf_replication_include.{name}", "true") for name in sorted(names) if name in _TRIGGERS]
    if custom:
        conf.add("shclustering", custom)
    return conf


def commands() -> Conf:
    """The enrichment command: chunked protocol, Python 3 of either kind that Splunk ships."""
    conf = Conf()
    conf.add(
        "enrichhits",
        [
            ("filename", "enrichhits.py"),
            ("chunked", "true"),
            ("python.version", "python3"),
            ("python.required", "3.9, 3.13"),
        ],
    )
    return conf


def search_help() -> Conf:
    """searchbnf.conf: what Splunk's search assistant says of the command."""
    conf = Conf()
    conf.add(
        "enrichhits-command",
        [
            ("syntax", "enrichhits (<enrichhits-detection-option>)? (<enrichhits-field-option>)?"),
            (
                "shortdesc",
                "Adds to each result what the PowerShell script or command line in it does, and what its detection says.",
            ),
            (
                "description",
                "Reads the script block (event 4104), module log (event 4103) or command line (Sysmon 1, event 4688, Endpoint.Processes) "
                "of each result without running it, and adds remote hosts, WMI classes and methods, commands, decoded payloads, URLs and "
                "addresses, the detection's ATT&CK techniques and risk. Nothing is dropped or reordered. It is a streaming command.",
            ),
            ("usage", "public"),
            ("comment1", "What the scripts of a detection's hits do, with its annotations."),
            (
                "example1",
                '... | enrichhits detection="Remote Process Instantiation via WMI and PowerShell Script Block"',
            ),
            ("comment2", "Only processes that were started on a named host, by the command line in the field process."),
            ("example2", "... | enrichhits field=process | search remote_host=* remote_command=*"),
            ("comment3", "Scripts that were split over several events, put together before they are read."),
            (
                "example3",
                "... | sort 0 Computer ScriptBlockId MessageNumber | stats list(ScriptBlockText) AS ScriptBlockText BY Computer ScriptBlockId "
                '| eval ScriptBlockText=mvjoin(ScriptBlockText, "") | enrichhits',
            ),
            ("related", "lookup rex spath eval"),
            ("tags", "powershell wmi script deobfuscate enrich lateral movement"),
        ],
    )
    conf.add(
        "enrichhits-detection-option",
        [
            ("syntax", "detection=<string>"),
            (
                "description",
                "Name or id of the detection that found the results; without it no ATT&CK, story and risk fields are added.",
            ),
        ],
    )
    conf.add(
        "enrichhits-field-option",
        [
            ("syntax", "field=<field>"),
            ("description", "The field that holds the script or the command line. Default: the detection's own, else the first that a result has of "
             "ScriptBlockText, Message, Payload, process, CommandLine, Process_Command_Line, ProcessCommandLine, _raw."),
        ],
    )  # fmt: skip
    return conf


def content_version(config: AppConfig) -> Conf:
    conf = Conf()
    conf.add("content-version", [("version", config.version)])
    return conf


LICENSE = "LICENSE"


def manifest(config: AppConfig, licensed: bool = False) -> str:
    """app.manifest, schema 1.0.0 of the Splunk Packaging Toolkit. `licensed`: the app holds the text of its licence."""
    nothing = {"name": None, "text": None, "uri": None}
    data: dict[str, Any] = {
        "schemaVersion": "1.0.0",
        "info": {
            "title": config.label,
            "id": {"group": None, "name": config.id, "version": config.version},
            "author": [
                {
                    "name": config.author_name,
                    "email": config.author_email or None,
                    "company": config.author_company or None,
                }
            ],
            "releaseDate": config.release_date or None,
            "description": config.description,
            "classification": {"intendedAudience": None, "categories": [], "developmentStatus": None},
            "commonInformationModels": None,
            "license": {"name": config.license or None, "text": f"./{LICENSE}" if licensed else None, "uri": None},
            "privacyPolicy": nothing,
            "releaseNotes": {"name": None, "text": "./README.md", "uri": None},
        },
        "dependencies": None,
        "tasks": None,
        "inputGroups": None,
        "incompatibleApps": None,
        "platformRequirements": None,
    }
    return json.dumps(data, indent=2) + "\n"


def metadata() -> str:
    """default.meta: everything but the views is visible in every app; administrators and power users may change it."""
    roles = ", ".join(ROLES)
    return f"[]\naccess = read : [ * ], write : [ {roles} ]\nexport = system\n\n[savedsearches]\nowner = nobody\n\n[views]\nexport = none\n"


def with_cloud_roles(meta: str) -> str:
    """default.meta in which Splunk Cloud's administrators (`sc_admin`) may do what `admin` may."""

    def roles(match: re.Match[str]) -> str:
        names = match[1].replace(",", " ").split()
        return f"[ {', '.join([*names, 'sc_admin'])} ]" if "admin" in names and "sc_admin" not in names else match[0]

    lines = meta.splitlines(keepends=True)
    return "".join(_ROLES.sub(roles, line) if line.lstrip().startswith("access") else line for line in lines)


def readme(catalogue: Catalogue) -> str:
    """The app's README.md: what is in it and how to turn it on."""
    config = catalogue.config
    lines = [f"# {config.label} {config.version}", "", config.description, ""]
    lines += [
        "Every search is disabled when the app is installed: enable what fits your data, then tune its filter macro.",
        "",
    ]
    if catalogue.detections:
        lines += ["| detection | type | filter macro |", "|---|---|---|"]
        lines += [f"| {d.name} | {d.type} | `{d.filter_macro}` |" for d in catalogue.detections]
    return "\n".join(lines).strip() + "\n"
