"""No index-time setting stops an import: what cannot be used is told once, and its nearest meaning or default is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.conf import Placed
from caltrop.engine.instance import Instance
from caltrop.index.importers import ImportOptions, Problem, read
from caltrop.index.props import Props

LINES = b"2026-01-05 10:00:00 one\n2026-01-05 10:00:01 two\n"
WORDS = ["", "None", "10 # a comment", "-1", "yes", "(", "[\\d-:\\s]", "((*FAIL))", "%", "%x", "%Y-%m-%d %", "PDT", "Nowhere/City",
         "latin-9000", "[\\r\\n]+", "1e9", "99999999999999999999", "\\", "(?<x", "\x00", "a" * 50]  # fmt: skip
SETTINGS = ["LINE_BREAKER", "SHOULD_LINEMERGE", "BREAK_ONLY_BEFORE", "BREAK_ONLY_BEFORE_DATE", "MUST_BREAK_AFTER", "MAX_EVENTS",
            "TRUNCATE", "TIME_PREFIX", "TIME_FORMAT", "MAX_TIMESTAMP_LOOKAHEAD", "DATETIME_CONFIG", "TZ", "MAX_DAYS_AGO",
            "MAX_DAYS_HENCE", "CHARSET", "INDEXED_EXTRACTIONS", "TIMESTAMP_FIELDS", "FIELD_DELIMITER", "HEADER_FIELD_LINE_NUMBER",
            "PREAMBLE_REGEX", "SEDCMD-x", "TRANSFORMS-x", "NO_BINARY_CHECK", "MISSING_VALUE_REGEX", "FIELD_HEADER_REGEX", "FIELD_QUOTE",
            "HEADER_FIELD_DELIMITER", "HEADER_FIELD_QUOTE", "HEADER_FIELD_ACCEPTABLE_SPECIAL_CHARACTERS", "ANNOTATE_PUNCT",
            "JSON_TRIM_BRACES_IN_ARRAY_NAMES", "TZ_ALIAS", "ROUTE_EVENTS_OLDER_THAN", "HEADER_MODE"]  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(SETTINGS), st.sampled_from(WORDS), max_size=4),
    st.sampled_from(["", "csv", "json", "w3c"]),
)
def test_no_setting_raises(settings: dict[str, str], form: str) -> None:
    props = {**settings, "INDEXED_EXTRACTIONS": form} if form else settings
    options = ImportOptions(sourcetype="x", props=props, transforms=lambda name: None, on_problem=lambda problem: None)
    list(read(LINES, options, name="f"))


@pytest.mark.parametrize(
    ("name", "value", "told", "attribute", "meant"),
    [
        ("MAX_TIMESTAMP_LOOKAHEAD", "10  # short", "10 is used", "lookahead", 10),
        ("MAX_EVENTS", "many", "the default is used", "max_events", 256),
        ("BREAK_ONLY_BEFORE_DATE", "None", "expected true or false", "break_only_before_date", None),
        ("TIME_FORMAT", "%Y-%m-%d %", "lone %", "time_format", "%Y-%m-%d "),
        ("TIME_FORMAT", "%Y %J", "recognised by themselves", "time_format", ""),
        ("TZ", "Nowhere/City", "no zone is set", "tz", ""),
        ("CHARSET", "latin-9000", "UTF-8 is used", "charset", ""),
        ("TIME_PREFIX", "(", "the default is used", "time_prefix", ""),
        ("MISSING_VALUE_REGEX", "(", "the default is used", "missing_value", ""),
        ("INDEXED_EXTRACTIONS", "yaml", "nothing is extracted", "indexed_extractions", ""),
        ("DATETIME_CONFIG", "/etc/apps/x/datetime.xml", "built-in forms", "time_prefix", ""),
        ("TZ_ALIAS", "EST", "is left out", "tz_alias", ()),
        ("ROUTE_EVENTS_OLDER_THAN", "a week", "nothing is thrown away", "oldest", None),
        ("HEADER_MODE", "sometimes", "text like any other", "header_mode", ""),
        ("NO_BINARY_CHECK", "perhaps", "expected true or false", "no_binary_check", False),
        ("ANNOTATE_PUNCT", "perhaps", "expected true or false", "time_prefix", ""),
    ],
)
def test_what_is_told_and_what_is_used(name: str, value: str, told: str, attribute: str, meant: object) -> None:
    heard: list[str] = []
    props = Props.from_mapping({name: Placed(value, "app/default/props.conf:3")}, heard.append)
    assert getattr(props, attribute) == meant
    assert len(heard) == 1
    assert heard[0].startswith(f"app/default/props.conf:3: {name} = {value}: ")
    assert told in heard[0]


@pytest.mark.parametrize(
    ("value", "zone"),
    [("PDT", "Etc/GMT+7"), ("Europe/Berlin", "Europe/Berlin"), ("GMT", "UTC"), ("+0200", "Etc/GMT-2")],
)
def test_zones_that_are_written(value: str, zone: str) -> None:
    assert Props.from_mapping({"TZ": value}, pytest.fail).tz == zone


def test_faults_of_an_app_are_told_with_file_and_line(tmp_path: Path) -> None:
    app = tmp_path / "acme" / "default"
    app.mkdir(parents=True)
    (app / "props.conf").write_text("[x]\nMAX_EVENTS = many\nSEDCMD-a = broken\nTRANSFORMS-t = absent\n")
    instance = Instance(None, [app.parent])
    problems: list[Problem] = []
    log = tmp_path / "x.log"
    log.write_bytes(LINES)
    assert instance.add_file(log, instance.import_options(sourcetype="x", on_problem=problems.append)) == 2
    told = [problem.message for problem in problems]
    assert [text.split(" ")[0] for text in told] == [f"acme/default/props.conf:{line}:" for line in (2, 3, 4)]


def test_a_log_with_some_nul_bytes_is_a_log(tmp_path: Path) -> None:
    instance = Instance(None, [])
    log = tmp_path / "x.log"
    log.write_bytes(b"2026-01-05 10:00:00 one\n2026-01-05 10:00:01 two" + bytes(4) + b"\n")
    assert instance.add_file(log, instance.import_options()) == 2
    raws = instance.search("search index=* | sort _time | table _raw").table.frame.get_column("_raw").to_list()
    assert raws == ["2026-01-05 10:00:00 one", "2026-01-05 10:00:01 two" + "\\x00" * 4]


def test_a_program_is_no_log_unless_somebody_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(bytes(range(32)) * 100)
    problems: list[Problem] = []
    instance = Instance(None, [])
    assert instance.add_file(tmp_path / "x.log", instance.import_options(on_problem=problems.append)) == 0
    assert "NO_BINARY_CHECK" in problems[0].message
    assert instance.add_file(tmp_path / "x.log", instance.import_options(format="raw")) > 0
