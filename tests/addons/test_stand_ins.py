"""With a vendor's add-on installed ours step aside, for its kinds of events and no others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from caltrop.engine.instance import Instance
from caltrop.knowledge import SYSTEM_LAYER, layers
from tests.addons.vendors import BROAD, CISCO, CONTENT, KINDS, META, VENDORS, WINDOWS, write

Fields = dict[str, dict[str, Any]]


def seen(apps: Sequence[Path]) -> Fields:
    """kind -> every field that its event has, with the index-time settings as `props`."""
    instance = Instance(None, apps)
    instance.store.create_index("main")
    columns = {
        "_raw": [raw for _, _, raw in KINDS.values()],
        "source": [source for source, _, _ in KINDS.values()],
        "sourcetype": [sourcetype for _, sourcetype, _ in KINDS.values()],
        "host": list(KINDS),
    }
    frame = pl.DataFrame(columns).with_columns(_time=1.772e9, _indextime=1.772e9, index=pl.lit("main"))
    instance.store.append(frame)
    rows = instance.search("search index=main").table.frame.iter_rows(named=True)
    found = {str(row["host"]): {k: _value(v) for k, v in row.items() if v is not None and k != "_cd"} for row in rows}
    knowledge = instance.knowledge("search", "nobody")
    for kind, (source, sourcetype, _) in KINDS.items():
        found[kind]["props"] = knowledge.index_time_props(source, sourcetype, kind)
    return found


def _value(value: Any) -> Any:
    """A column holds lists where any event has several values."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


@pytest.fixture(scope="module")
def ours() -> Fields:
    return seen(layers())


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_kind_is_the_vendors_alone(vendor: str, ours: Fields, tmp_path: Path) -> None:
    files, kind = VENDORS[vendor]
    app = write(files, tmp_path / f"TA_{vendor}")
    alone, both = seen([SYSTEM_LAYER, app]), seen([*layers(), app])
    assert both[kind] == alone[kind]
    assert both[kind] != ours[kind]
    for other in KINDS:
        if other != kind:
            assert both[other] == ours[other], other


def test_a_technology_that_the_vendor_does_not_know_keeps_ours_and_the_vendors_fields_stand(
    ours: Fields, tmp_path: Path
) -> None:
    app = write(BROAD, tmp_path / "TA")
    alone, both = seen([SYSTEM_LAYER, app]), seen([*layers(), app])
    assert both["security"] == alone["security"], "Windows itself is the vendor's alone"
    assert both["asa"] == ours["asa"] and both["auditd"] == ours["auditd"]
    labels = {"eventtype", "tag", "tag::eventtype", "props"}
    given = {name: value for name, value in alone["sysmon"].items() if name not in labels}
    assert given["user"] != ours["sysmon"]["user"] and given["vendor_product"] != ours["sysmon"]["vendor_product"]
    expected = {name: value for name, value in ours["sysmon"].items() if name not in labels} | given
    assert {name: value for name, value in both["sysmon"].items() if name not in labels} == expected
    assert expected["process_name"] == "cmd.exe", "the vendor's expression gives this event nothing"
    eventtypes = both["sysmon"]["eventtype"]
    assert set(eventtypes) == {"broad_windows", *ours["sysmon"]["eventtype"]}
    assert set(both["sysmon"]["tag"]) == {"broad", *ours["sysmon"]["tag"]}
    assert both["sysmon"]["props"] == ours["sysmon"]["props"] | alone["sysmon"]["props"]


def test_an_add_on_for_the_source_covers_what_one_for_its_source_type_does_not(tmp_path: Path) -> None:
    """With the vendor's for both, ours have no part."""
    apps = [write(BROAD, tmp_path / "TA_broad"), write(VENDORS["sysmon"][0], tmp_path / "TA_sysmon")]
    assert seen([*layers(), *apps])["sysmon"] == seen([SYSTEM_LAYER, *apps])["sysmon"]


def test_the_names_of_apps_do_not_matter(tmp_path: Path) -> None:
    results = [seen([*layers(), write(WINDOWS, tmp_path / str(n) / name)]) for n, name in enumerate(["AAA", "zzz"])]
    assert results[0]["security"] == results[1]["security"]
    assert results[0]["security"]["user"] == "vendor:ann"
    assert results[0]["security"]["tag"] == ["privileged", "vendor"]
    assert results[0]["security"]["eventtype"] == ["vendor_security", "windows_process"]


def test_an_app_of_the_same_folder_name_replaces_ours(ours: Fields, tmp_path: Path) -> None:
    app = write(CISCO, tmp_path / "windows")
    both = seen([*layers(), app])
    assert both["asa"] == seen([SYSTEM_LAYER, app])["asa"]
    assert "signature" in ours["security"] and "signature" not in both["security"]
    assert both["auditd"] == ours["auditd"]


def test_content_does_not_switch_ours_off(ours: Fields, tmp_path: Path) -> None:
    both = seen([*layers(), write(CONTENT, tmp_path / "content")])
    security = dict(both["security"])
    assert security.pop("triage") == "mine"
    assert security.pop("user") == "the content's"  # but what it says is stronger than what ours say
    assert "my_events" in security["eventtype"]
    security["eventtype"] = [name for name in security["eventtype"] if name != "my_events"]
    expected = {key: value for key, value in ours["security"].items() if key != "user"}
    assert security == expected


SMALL = {"default/props.conf": "[XmlWinEventLog]\nEVAL-a = 1\nEVAL-b = 2\n"}
LABELS = {"default/eventtypes.conf": "[x]\nsearch = a=1\n"}
SEVERAL = {"default/props.conf": "[XmlWinEventLog]\nEXTRACT-a = (?<a>E)\nEVAL-b = 2\nEVAL-c = 2\n"}
RUNS = {"default/savedsearches.conf": "[x]\nsearch = y\ncron_schedule = 0 * * * *\n"}
EVALS = {"default/props.conf": "[XmlWinEventLog]\nEVAL-a = 1\nEVAL-b = 2\nEVAL-c = 3\n"}


@pytest.mark.parametrize(
    ("files", "covers"),
    [
        (SMALL, False),
        (SMALL | LABELS, True),
        (SMALL | {"default/tags.conf": "[a=1]\nx = enabled\n"}, True),
        (SMALL | LABELS | RUNS, False),
        (SEVERAL, True),
        (SEVERAL | RUNS, False),
        (SEVERAL | RUNS | LABELS, True),
        (EVALS | RUNS | LABELS, False),
        (EVALS, True),
        (EVALS | {"default/app.conf": "[install]\nstate = disabled\n"}, False),
        ({"local/props.conf": EVALS["default/props.conf"]} | LABELS, False),
        ({"default/props.conf": "[default]\nEVAL-a = 1\nEVAL-b = 2\nEVAL-c = 3\n"} | LABELS, False),
        ({"default/props.conf": "[source::...]\nEVAL-a = 1\nEVAL-b = 2\nEVAL-c = 3\n"} | LABELS, False),
        ({"default/props.conf": "[host::sec*]\nEVAL-a = 1\n"} | LABELS, True),
        ({"default/props.conf": "[(?::){0}XmlWinEv*]\nEVAL-a = 1\n"} | LABELS, True),
    ],
)
def test_what_covers_a_kind(files: dict[str, str], covers: bool, ours: Fields, tmp_path: Path) -> None:
    both = seen([*layers(), write(META | files, tmp_path / "app")])
    assert ("signature" not in both["security"]) is covers
    assert ("signature" in ours["security"]) is True


def test_tags_of_users_on_our_event_types_hold(ours: Fields, tmp_path: Path) -> None:
    name = ours["security"]["eventtype"][0]
    files = META | {"default/tags.conf": f"[eventtype={name}]\nours_too = enabled\n"}
    both = seen([*layers(), write(files, tmp_path / "mine")])
    assert set(both["security"]["tag"]) == {*ours["security"]["tag"], "ours_too"}


def test_our_tags_do_not_hold_for_event_types_of_others(ours: Fields, tmp_path: Path) -> None:
    """An event type by the name of one of ours is another app's alone, its tags too."""
    name = ours["security"]["eventtype"][0]
    files = META | {"default/eventtypes.conf": f"[{name}]\nsearch = sourcetype=XmlWinEventLog OR sourcetype=auditd\n"}
    both = seen([*layers(), write(files, tmp_path / "mine")])
    assert name in both["auditd"]["eventtype"]
    assert both["auditd"].get("tag") == ours["auditd"].get("tag")


def test_searches_that_name_event_types_see_the_vendors(tmp_path: Path) -> None:
    """`typer` and `tags` too, which label what a search has made."""
    app = write(WINDOWS, tmp_path / "TA")
    instance = Instance(None, [*layers(), app])
    source, sourcetype, raw = KINDS["security"]
    made = (
        f'| makeresults | eval source="{source}", sourcetype="{sourcetype}", EventCode=4688, NewProcessName="x", '
        f'_raw="{raw.replace(chr(92), chr(92) * 2)}" | typer | table eventtype'
    )
    assert instance.search(made).table.frame.rows() == [(["vendor_security", "windows_process"],)]
