"""Fingerprints: what extraction depends on changes them, nothing else does, and users who see the same share them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from caltrop.knowledge import Configuration, Knowledge, KVStore, dependencies
from tests.knowledge.conftest import MakeApp

FILES = {
    "default/props.conf": "[st]\nLOOKUP-a = shown code OUTPUT text\nLOOKUP-b = held code OUTPUT other\n",
    "default/transforms.conf": "[shown]\nfilename = shown.csv\n[other]\nfilename = other.csv\n"
    "[held]\nexternal_type = kvstore\ncollection = things\nfields_list = code, other\n",
    "default/collections.conf": "[things]\n",
    "default/eventtypes.conf": "[et]\nsearch = `outer(1)` x=1\n",
    "default/macros.conf": "[outer(1)]\nargs = a\ndefinition = `inner` b=$a$\n[inner]\ndefinition = c=1\n"
    "[filter]\ndefinition = search *\n",
    "default/tags.conf": "[eventtype=et]\nt = enabled\n",
    "lookups/shown.csv": "code,text\n1,one\n",
    "lookups/other.csv": "code,text\n1,one\n",
    "metadata/default.meta": "[]\nexport = system\n",
}
Change = Callable[[Knowledge, Path], object]


def conf(file: str, stanza: str, **settings: str) -> Change:
    return lambda knowledge, _: knowledge.configuration.set(file, stanza, settings, app="a")


CHANGES: dict[str, Change] = {
    "props": conf("props", "st", **{"EVAL-y": "1"}),
    "transforms": conf("transforms", "shown", max_matches="1"),
    "event types": conf("eventtypes", "et", search="x=2"),
    "tags": conf("tags", "eventtype=et", u="enabled"),
    "a macro that an event type uses": conf("macros", "outer(1)", definition="b=2"),
    "a macro that this one uses": conf("macros", "inner", definition="c=2"),
    "the rows of an automatic lookup": lambda k, _: k.write_lookup(
        "shown", pl.DataFrame({"code": ["1"], "text": ["two"]})
    ),
    "its file, on disk": lambda _, app: (app / "lookups" / "shown.csv").write_text("code,text\n1,xyz\n"),
    "its file removed": lambda _, app: (app / "lookups" / "shown.csv").unlink(),
    "its collection": lambda k, _: k.kvstore.put("a", "things", {"code": "1"}),
}
OTHERS: dict[str, Change] = {
    "a macro of searches": conf("macros", "filter", definition="search NOT x"),
    "a saved search": conf("savedsearches", "s", search="*"),
    "another lookup": lambda k, _: k.write_lookup("other", pl.DataFrame({"code": ["2"]})),
    "the same again": lambda k, _: k.configuration.reload(),
}


def pair(app: Path) -> tuple[Knowledge, Callable[[], Knowledge]]:
    """A Knowledge, and how an instance gets the one to use later: the same as long as its configuration is."""
    configuration, store = Configuration([app]), KVStore()
    return Knowledge(configuration, "a", kvstore=store), lambda: Knowledge(configuration, "a", kvstore=store)


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_extraction(make_app: MakeApp, name: str) -> None:
    app = make_app("a", FILES)
    knowledge, again = pair(app)
    before = knowledge.fingerprint
    CHANGES[name](knowledge, app)
    assert again().fingerprint != before


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_not(make_app: MakeApp, name: str) -> None:
    app = make_app("a", FILES)
    knowledge, again = pair(app)
    before = knowledge.fingerprint
    OTHERS[name](knowledge, app)
    assert again().fingerprint == before == knowledge.fingerprint


def test_macros_count_without_a_new_object(make_app: MakeApp) -> None:
    knowledge, _ = pair(make_app("a", FILES))
    before = knowledge.fingerprint
    knowledge.configuration.set("macros", "inner", {"definition": "c=3"}, app="a")
    assert knowledge.fingerprint != before


def test_a_macro_of_searches_has_nothing_read_again(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that is tuned between two searches costs the second one next to nothing."""
    knowledge, _ = pair(make_app("a", FILES))
    before, zone = knowledge.fingerprint, knowledge.reads_zone
    monkeypatch.setattr(dependencies, "reads_lookups", None)  # whoever reads all expressions again calls it
    knowledge.configuration.set("macros", "filter", {"definition": "search NOT x"}, app="a")
    assert (knowledge.fingerprint, knowledge.reads_zone) == (before, zone)


@pytest.mark.parametrize("definition", ["`$a$`", '"`filter`"'])
def test_all_macros_count_where_a_name_is_made_at_run_time(make_app: MakeApp, definition: str) -> None:
    macro = (
        f"[outer(1)]\nargs = a\ndefinition = {definition}\niseval = {'$' not in definition}\n[filter]\ndefinition = 1\n"
    )
    knowledge, _ = pair(make_app("a", FILES | {"default/macros.conf": macro}))
    before = knowledge.fingerprint
    knowledge.configuration.set("macros", "filter", {"definition": "c=3"}, app="a")
    assert knowledge.fingerprint != before


def test_all_lookups_count_where_an_expression_reads_one(make_app: MakeApp) -> None:
    props = '[st]\nEVAL-x = lookup("other", json_object("code", "1"), json_array("text"))\n'
    knowledge, again = pair(make_app("a", FILES | {"default/props.conf": props}))
    before = knowledge.fingerprint
    knowledge.write_lookup("other", pl.DataFrame({"code": ["2"]}))
    assert again().fingerprint != before


def test_apps_and_users_that_see_the_same_share_it(make_app: MakeApp) -> None:
    configuration = Configuration([make_app("a", FILES), make_app("b", {"default/app.conf": "[ui]\n"})])
    store = KVStore()
    seen = {
        Knowledge(configuration, app, user, kvstore=store).fingerprint for app in ("a", "b") for user in ("x", "nobody")
    }
    assert len(seen) == 1
    configuration.set("props", "st", {"EVAL-y": "1"}, app="b")
    assert len({Knowledge(configuration, app, kvstore=store).fingerprint for app in ("a", "b")}) == 2
