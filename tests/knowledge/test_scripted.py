"""Lookups that a script of the app answers: what it is given, what it gives, and its limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from caltrop import children
from caltrop.knowledge import Configuration, Knowledge, LookupFailure, scripted
from caltrop.knowledge.asking import Asker

from .conftest import MakeApp, events

ANSWERS = """import csv, sys
rows = csv.DictReader(sys.stdin)
out = csv.DictWriter(sys.stdout, rows.fieldnames)
out.writeheader()
for row in rows:
    if row["host"] != "unknown":
        row["ip"] = sys.argv[1] + "-" + row["host"] + row["ip"]
        out.writerow(row)
"""
Make = Callable[..., Knowledge]


@pytest.fixture
def make(make_app: MakeApp, tmp_path: Path) -> Make:
    """`make(script, stanza=…, props=…)`: an app whose lookup `ask` runs that script."""

    def made(
        script: str, stanza: str = "external_cmd = ask.py host ip\nfields_list = host, ip", props: str = ""
    ) -> Knowledge:
        (tmp_path / "apps" / "outside.py").parent.mkdir(exist_ok=True)
        (tmp_path / "apps" / "outside.py").write_text(ANSWERS)
        files = {"bin/ask.py": script, "default/transforms.conf": f"[ask]\n{stanza}\n", "default/props.conf": props}
        return Knowledge(Configuration([make_app("app", files)]), "app")

    return made  # fmt: skip


def ask(knowledge: Knowledge, hosts: list[str | list[str] | None]) -> list[object]:
    found = knowledge.lookup("ask", Asker())
    assert found is not None
    kind = pl.List(pl.String) if any(isinstance(h, list) for h in hosts) else pl.String
    frame = pl.DataFrame({"h": pl.Series(hosts, dtype=kind, strict=False)})
    return found.match(frame, {"host": "h"}, ["ip"])["ip"].to_list()


def test_each_value_is_asked_once_and_answers_every_row(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    knowledge = make(ANSWERS)
    assert ask(knowledge, ["a", None, "b", "a", "unknown"]) == ["host-a", None, "host-b", "host-a", None]
    monkeypatch.setattr(scripted, "ROWS", 1)  # a run for each
    assert ask(knowledge, ["a", "b"]) == ["host-a", "host-b"]


def test_several_values_and_quoting(make: Make) -> None:
    assert ask(make(ANSWERS), [["a", "b"], ['c,"d']]) == [["host-a", "host-b"], ['host-c,"d']]


def test_an_automatic_lookup(make: Make) -> None:
    knowledge = make(ANSWERS, props="[st]\nLOOKUP-x = ask host AS name OUTPUT ip AS address\n")
    asker = Asker()
    assert knowledge.extract(events("name=a", "n=1"), None, asker)["address"].to_list() == ["host-a", None]
    assert not asker.met


FAILING = {
    "it fails": ("import sys; sys.exit('no such zone')", "ended with 1: no such zone"),
    "it takes too long": ("import time; time.sleep(60)", "ran longer than"),
    "it writes too much": ("while True: print('x' * 10000)", "wrote more than"),
    "it wants too much memory": ("x = bytearray(1 << 40)", "MemoryError"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_script_that_does_not_answer(make: Make, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, what = FAILING[name]
    monkeypatch.setattr(scripted, "SECONDS", 0.5 if "long" in what else 20)
    monkeypatch.setattr(children, "OUTPUT", 1 << 20)
    knowledge = make(script, props="[st]\nLOOKUP-x = ask host OUTPUT ip\n")
    with pytest.raises(LookupFailure, match=what):
        ask(knowledge, ["a"])
    asker = Asker()
    knowledge.extract(events("host=a x=1").drop("host"), None, asker)
    (met,) = asker.met
    assert met.fault.place == "app/default/props.conf:2" and what in met.fault.what


@pytest.mark.parametrize(
    ("stanza", "what"),
    [
        ("external_cmd = ../../outside.py\nfields_list = host, ip", "outside bin/"),
        ("external_cmd = gone.py\nfields_list = host, ip", "is missing: gone.py"),
        ("external_cmd = ask.py", "no fields_list"),
        ('external_cmd = ask.py "\nfields_list = host, ip', "No closing quotation"),
        ("external_cmd = ask.py\nfields_list = host, ip\npython.version = python2", "wants python2"),
    ],
)
def test_a_stanza_that_cannot_work(make: Make, stanza: str, what: str) -> None:
    with pytest.raises(LookupFailure, match=what):
        make(ANSWERS, stanza).lookup("ask", Asker())


def test_nothing_of_the_command_goes_through_a_shell(make: Make, tmp_path: Path) -> None:
    knowledge = make(ANSWERS, f"external_cmd = ask.py '$(touch {tmp_path}/made)' ip\nfields_list = host, ip")
    assert ask(knowledge, ["a; touch x"]) == [f"$(touch {tmp_path}/made)-a; touch x"]
    assert not (tmp_path / "made").exists()
