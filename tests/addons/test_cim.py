"""The Common Information Model: what a dataset makes of an event that lacks a field, and which fields it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
import pytest
import yaml

from caltrop.engine.instance import Instance
from caltrop.knowledge import addon_apps, layers


@pytest.fixture(scope="module")
def instance() -> Instance:
    instance = Instance(None, layers())
    instance.store.create_index("main")
    return instance


def rows_of(instance: Instance, model: str, dataset: str, event: Mapping[str, object]) -> dict[str, object]:
    """The fields of one made-up event as the calculations of the dataset leave them, by their bare names."""
    found = instance.knowledge("search", "nobody").datamodel(model).dataset(dataset)
    evals = " ".join(f"| eval {name}={value}" for name, value in event.items())
    steps = []
    for calculation in found.calculations:
        (_, output), *_ = calculation.outputs
        if calculation.kind == "Eval":
            steps.append(f"| eval {output}={calculation.expression}")
        elif calculation.kind == "Rex":
            pattern = calculation.expression.replace("\\", "\\\\").replace('"', '\\"')
            steps.append(f'| rex field={calculation.input} "{pattern}"')
        else:
            (field, given), *_ = calculation.inputs
            steps.append(f"| lookup {calculation.lookup} {field} AS {given} OUTPUT {output}")
    table = instance.search(f'| makeresults | eval source="s", sourcetype="st" {evals} {" ".join(steps)}').table
    return table.frame.row(0, named=True)


NOTHING: dict[str, object] = {}

# model, dataset, what the event holds (eval expressions), what comes of it
CASES: dict[str, tuple[str, str, Mapping[str, object], Mapping[str, object]]] = {
    "the application falls back to the source type": (
        "Authentication",
        "Authentication",
        NOTHING,
        {"app": "st", "src": "unknown", "signature": None},
    ),
    "vendor and product make the vendor's product": (
        "Endpoint",
        "Processes",
        {"vendor": '"V"', "product": '"P"'},
        {"vendor_product": "V P"},
    ),
    "a vendor alone": ("Web", "Web", {"vendor": '"V"'}, {"vendor_product": "V unknown"}),
    "a product alone": ("Web", "Web", {"product": '"P"', "vendor": '"unknown"'}, {"vendor_product": "unknown P"}),
    "neither": (
        "Malware",
        "Malware_Attacks",
        NOTHING,
        {"vendor_product": "st", "file_name": None, "severity": "unknown"},
    ),
    "what is there stays": ("Web", "Web", {"vendor_product": '"X"', "vendor": '"V"'}, {"vendor_product": "X"}),
    "a result from the signature": (
        "Change",
        "All_Changes",
        {"signature": '"was changed"', "signature_id": "4738"},
        {"result": "was changed", "result_id": "4738"},
    ),
    "no result at all": (
        "Change",
        "All_Changes",
        {"result": '""'},
        {"result": "unknown", "result_id": "-1", "user_agent": None},
    ),
    "the elder model does the same": ("Change_Analysis", "All_Changes", {"signature_id": "7"}, {"result_id": "7"}),
    "a process name from a quoted path": (
        "Endpoint",
        "Processes",
        {"process": r'"\"C:\\Program Files\\a b.exe\" -x"'},
        {"process_name": "a b.exe"},
    ),
    "a process name from a bare path": (
        "Endpoint",
        "Processes",
        {"process": r'"C:\\w\\cmd.exe /c dir"'},
        {"process_name": "cmd.exe"},
    ),
    "a process name from a bare name": (
        "Endpoint",
        "Filesystem",
        {"parent_process": '"ls -l"'},
        {"parent_process_name": "ls", "process_name": "unknown"},
    ),
    "a process name that is given": (
        "Endpoint",
        "Registry",
        {"process": '"a.exe"', "process_name": '"b.exe"'},
        {"process_name": "b.exe"},
    ),
    "integrity in small letters": (
        "Endpoint",
        "Processes",
        {"process_integrity_level": '"High"'},
        {"process_integrity_level": "high", "action": None},
    ),
    "ports are numbers": (
        "Network_Traffic",
        "All_Traffic",
        {"dest_port": '"http"', "src_port": "1024"},
        {"dest_port": "0", "src_port": "1024", "app": None},
    ),
    "bytes add up": (
        "Network_Traffic",
        "All_Traffic",
        {"bytes_in": "3", "bytes_out": "4"},
        {"bytes": "7", "packets": None},
    ),
    "bytes that are missing": ("Web", "Web", {"bytes": "10", "bytes_out": "4"}, {"bytes_in": "6"}),
    "transport in small letters": (
        "Network_Traffic",
        "All_Traffic",
        {"transport": '"TCP"'},
        {"transport": "tcp", "dest": "unknown"},
    ),
    "a dash is nothing to Web": (
        "Web",
        "Web",
        {"http_method": '"-"', "url": '"http://u@h:80/p?q"'},
        {"http_method": "unknown", "url_domain": "h", "url_length": "17", "category": None},
    ),
    "a path is no domain": ("Web", "Web", {"url": '"/a/b"'}, {"url": "/a/b", "url_domain": None, "url_length": "4"}),
    "a reply code by its number": (
        "Network_Resolution",
        "DNS",
        {"reply_code_id": "3"},
        {"reply_code": "Non-Existent Domain", "answer_count": "1"},
    ),
    "a reply code by its name": (
        "Network_Resolution",
        "DNS",
        {"reply_code": '"servfail"'},
        {"reply_code_id": "servfail", "reply_code": "Server Failure"},
    ),
    "a reply code that nobody knows": (
        "Network_Resolution",
        "DNS",
        {"reply_code_id": "9003", "answer": 'split("a b", " ")'},
        {"reply_code": "unknown", "answer_count": "2"},
    ),
    "an update by its other name": (
        "Updates",
        "Updates",
        {"signature_id": '"KB1"'},
        {"signature": "KB1", "signature_id": "KB1", "severity": None},
    ),
    "a lease of Stream": (
        "Network_Sessions",
        "All_Sessions",
        {"source": '"stream:dhcp"', "yiaddr": '"10.0.0.1"'},
        {"dest_ip": "10.0.0.1", "dest_mac": "unknown"},
    ),
    "a file size that is none": (
        "Endpoint",
        "Filesystem",
        {"file_size": '"big"'},
        {"file_size": None, "file_hash": "unknown"},
    ),
    "a certificate within its time": (
        "Certificates",
        "SSL",
        {"_time": "150", "ssl_start_time": "100", "ssl_end_time": "300"},
        {"ssl_validity_window": "200", "ssl_is_valid": "1", "ssl_hash": "unknown", "ssl_serial": None, "dest": None},
    ),
    "a certificate after its time": (
        "Certificates",
        "SSL",
        {"_time": "350", "ssl_start_time": "100", "ssl_end_time": "300"},
        {"ssl_is_valid": "0"},
    ),
    "what the source says of the certificate counts first": (
        "Certificates",
        "SSL",
        {"_time": "350", "ssl_start_time": "100", "ssl_end_time": "300", "ssl_is_valid": '"True"'},
        {"ssl_is_valid": "1"},
    ),
    "a certificate whose times are texts": (
        "Certificates",
        "SSL",
        {"ssl_start_time": '"May 1"', "ssl_end_time": '"May 2"'},
        {"ssl_validity_window": None, "ssl_is_valid": None},
    ),
    "references of a vulnerability": (
        "Vulnerabilities",
        "Vulnerabilities",
        {"cve": '"CVE-2024-1"', "mskb": '"KB5"'},
        {"cve": "cve-2024-1", "mskb": "kb5", "cert": None, "severity": "unknown", "user": None},
    ),
    "an incident without its kind": (
        "Ticket_Management",
        "Incident",
        {"priority": '"1"'},
        {"incident": "unknown", "ticket_id": "unknown", "priority": "1", "status": None},
    ),
    "a clock set by its tag": ("Performance", "Timesync", {"tag": 'split("os failure", " ")'}, {"action": "failure"}),
    "a clock of which nothing is said": (
        "Performance",
        "Timesync",
        NOTHING,
        {"action": "unknown", "vendor_product": None},
    ),
    "a search by its name": (
        "Splunk_Audit",
        "Search_Activity",
        {
            "_raw": '"Audit:[timestamp=1, user=ann, action=search, info=granted]"',
            "search_id": "\"'scheduler__ann_search__RMD5_at_1_2'\"",
            "savedsearch_name": '"S"',
        },
        {
            "user": "ann",
            "search_id": "scheduler__ann_search__RMD5_at_1_2",
            "search_type": "scheduled",
            "search_alias": "S",
        },
    ),
    "a search by hand": (
        "Splunk_Audit",
        "Search_Activity",
        {"search_id": "\"'1709633472.5'\"", "search": '"search index=main"', "savedsearch_name": '""'},
        {"search_type": "adhoc", "savedsearch_name": None, "search_alias": "search index=main", "datamodel": None},
    ),
    "an acceleration": (
        "Splunk_Audit",
        "Search_Activity",
        {
            "search_id": '"scheduler__nobody__x_at_1_2"',
            "savedsearch_name": '"_ACCELERATE_DM_Splunk_SA_CIM_Network_Traffic_ACCELERATE_"',
        },
        {"datamodel": "Network_Traffic"},
    ),
    "an action by its owner": (
        "Splunk_Audit",
        "Modular_Actions",
        {"owner": '"ann"', "action": '"email"', "sourcetype": '"splunkd"'},
        {"user": "ann", "action_name": "email", "sid": "unknown", "rid": None},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_calculations(instance: Instance, name: str) -> None:
    model, dataset, event, expected = CASES[name]
    row = rows_of(instance, model, dataset, event)
    found = {field: None if row.get(field) is None else str(row[field]) for field in expected}
    assert {k: v.removesuffix(".0") if isinstance(v, str) else v for k, v in found.items()} == expected


@pytest.mark.parametrize(
    ("model", "dataset", "constraint"),
    [
        ("Authentication", "Failed_Authentication", 'action="failure" OR result="failure"'),
        ("Change", "Endpoint_Restarts", "action=modified change_type=restart"),
        ("Change_Analysis", "Filesystem_Changes", "object_category=file"),
        ("Interprocess_Messaging", "All_Messaging", "tag=messaging"),
        ("Intrusion_Detection", "Network_IDS_Attacks", "ids_type=network"),
        ("Malware", "Deferred_Malware", "action=deferred"),
        ("Splunk_Audit", "Failed_Jobs", "info=failed"),
        ("Splunk_Audit", "Acceleration_Jobs", "search_type=summary_director"),
        ("Updates", "Available_Updates", "status=available"),
        ("Vulnerabilities", "High_Critical_Vulnerabilities", 'severity="critical"'),
    ],
)
def test_datasets(instance: Instance, model: str, dataset: str, constraint: str) -> None:
    assert constraint in instance.knowledge("search", "nobody").datamodel(model).dataset(dataset).search


def test_every_root_has_a_zone(instance: Instance) -> None:
    knowledge = instance.knowledge("search", "nobody")
    models = sorted(p.stem for app in addon_apps() for p in app.glob("default/data/models/*.json"))
    for name in models:
        model = knowledge.datamodel(name)
        for dataset in model.datasets:
            assert "cim_entity_zone" in model.dataset(dataset).fields, f"{name}.{dataset}"


def test_an_event_without_its_fields_is_still_counted(instance: Instance) -> None:
    """`tstats … by` leaves out rows where a field is missing: filled fields keep them, optional ones do not."""
    event = json.dumps({"event_type": "flow", "src_ip": "1.1.1.1", "dest_ip": "2.2.2.2", "proto": "TCP"})
    frame = pl.DataFrame({"_raw": [event], "host": ["h"], "source": ["s"], "sourcetype": ["suricata"]})
    instance.store.append(frame.with_columns(_time=1.7e9, _indextime=1.7e9, index=pl.lit("main")))
    search = "| tstats count from datamodel=Network_Traffic.All_Traffic by All_Traffic.{}"
    assert instance.search(search.format("user")).table.frame.rows() != []
    assert instance.search(search.format("vlan")).table.frame.rows() == []


# --- nothing of the published model is lost ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Facts:
    """What the table says of a dataset, and what a model's file has: names of fields by what becomes of them."""

    parent: str
    constraint: str
    passed: frozenset[str]
    filled: frozenset[str]
    computed: frozenset[str]


ROOTS = ("BaseEvent", "BaseSearch")


@cache
def listed() -> dict[str, Facts]:
    """`Model.Dataset` -> what cim.yaml says of it."""
    table = yaml.safe_load(Path(__file__).with_name("cim.yaml").read_text("utf-8"))
    everywhere = table["everywhere"].split()
    return {
        f"{model}.{name}": Facts(
            given.get("parent", ""),
            given["constraint"],
            frozenset(given.get("passed", "").split() + ([] if "parent" in given else everywhere)),
            frozenset(given.get("filled", "").split()),
            frozenset(given.get("computed", "").split()),
        )
        for model, datasets in table["models"].items()
        for name, given in datasets.items()
    }


@cache
def shipped() -> dict[str, Facts]:
    """`Model.Dataset` -> what the files of the models have."""
    found = {}
    for path in sorted(p for app in addon_apps() for p in app.glob("default/data/models/*.json")):
        model = json.loads(path.read_text("utf-8"))
        for dataset in model["objects"]:
            filled: set[str] = set()
            computed: set[str] = set()
            for calculation in dataset.get("calculations", []):
                for output in calculation["outputFields"]:
                    name = output["fieldName"]
                    expression = calculation.get("expression", "")
                    fills = expression.startswith(f"if(isnull({name})") and expression.endswith(f',"unknown",{name})')
                    (filled if fills else computed).add(name)
            found[f"{model['modelName']}.{dataset['objectName']}"] = Facts(
                "" if dataset["parentName"] in ROOTS else dataset["parentName"],
                dataset.get("baseSearch") or " ".join(c["search"] for c in dataset.get("constraints", [])),
                frozenset(field["fieldName"] for field in dataset["fields"]),
                frozenset(filled),
                frozenset(computed),
            )
    return found


@pytest.mark.parametrize("name", listed())
def test_a_dataset_is_what_is_published(name: str) -> None:
    assert shipped().get(name) == listed()[name]


def test_there_is_no_dataset_that_is_not_listed() -> None:
    assert shipped().keys() == listed().keys()


def test_a_model_looks_where_its_macro_says(tmp_path: Path) -> None:
    """`cim_<Model>_indexes` is `()`, the indexes that are searched by default; who names indexes there keeps to them."""
    app = tmp_path / "mine"
    (app / "default").mkdir(parents=True)
    (app / "default" / "macros.conf").write_text("[cim_Network_Traffic_indexes]\ndefinition = index=firewalls\n")
    (app / "metadata").mkdir()
    (app / "metadata" / "default.meta").write_text("[]\nexport = system\n")
    event = json.dumps({"event_type": "flow", "src_ip": "1.1.1.1", "dest_ip": "2.2.2.2", "proto": "TCP"})
    counts = {}
    for name, apps in {"as shipped": layers(), "named": [*layers(), app]}.items():
        instance = Instance(None, apps)
        for index in ("main", "firewalls"):
            instance.store.create_index(index)
            frame = pl.DataFrame({"_raw": [event], "host": ["h"], "source": ["s"], "sourcetype": ["suricata"]})
            instance.store.append(frame.with_columns(_time=1.7e9, _indextime=1.7e9, index=pl.lit(index)))
        found = instance.search("| tstats count from datamodel=Network_Traffic by index").table.frame
        counts[name] = set(found.get_column("index"))
    assert counts == {"as shipped": {"main", "firewalls"}, "named": {"firewalls"}}


@pytest.mark.parametrize(
    ("search_id", "name", "kind"),
    [
        ("1709633472.5", "", "Adhoc_Jobs"),
        ("scheduler__ann__search__RMD5_at_1_2", "S", "Scheduled_Jobs"),
        ("rt_scheduler__ann__search__RMD5_at_1_2", "S", "Realtime_Jobs"),
        ("rt_1709633472.5", "", "Realtime_Jobs"),
        ("subsearch_scheduler__ann__x_1", "", "Subsearch_Jobs"),
        ("SummaryDirector_1709633472.5", "", "Acceleration_Jobs"),
        ("scheduler__nobody__x_at_1_2", "_ACCELERATE_DM_Splunk_SA_CIM_Web_ACCELERATE_", "Acceleration_Jobs"),
    ],
)
def test_kinds_of_searches(search_id: str, name: str, kind: str) -> None:
    """Each event of the audit log belongs to one kind of search, and to the failed ones besides."""
    instance = Instance(None, layers())
    instance.store.create_index("_audit")
    raw = (
        "Audit:[timestamp=03-05-2024 10:11:12.345, user=ann, action=search, info=failed , "
        f"search_id='{search_id}', search='search a, b', savedsearch_name=\"{name}\"][n/a]"
    )
    event = {"_raw": raw, "host": "h", "source": "audittrail", "sourcetype": "audittrail", "index": "_audit"}
    instance.store.append(pl.DataFrame([event]).with_columns(_time=1.7e9, _indextime=1.7e9))
    kinds = ["Acceleration_Jobs", "Adhoc_Jobs", "Realtime_Jobs", "Scheduled_Jobs", "Subsearch_Jobs"]
    held = {
        k: instance.search(f"| from datamodel:Splunk_Audit.{k}").table.frame.height for k in [*kinds, "Failed_Jobs"]
    }
    assert held == {k: int(k in (kind, "Failed_Jobs")) for k in held}
