"""Source types of files that come without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.engine.instance import Instance

PROPS = """\
[source::...weblogs...]
sourcetype = web:access

[rule::mail]
sourcetype = mail_syslog
MORE_THAN_80 = postfix/\\w+\\[
LESS_THAN_10 = ERROR

[rule::broken]
MORE_THAN_10 = (

[delayedrule::anything]
sourcetype = anything
MORE_THAN_0 = \\w

[host::gate*]
SEDCMD-h = s/secret/xxx/
"""


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    app = tmp_path / "acme" / "default"
    app.mkdir(parents=True)
    (app / "props.conf").write_text(PROPS)
    return Instance(None, [app.parent])


def indexed(instance: Instance, path: Path, text: str, **options: str) -> list[tuple[str, str]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    instance.add_file(path, instance.import_options(**options))
    frame = instance.search("search index=* | table sourcetype _raw").table.frame
    return frame.rows() if frame.height else []


MAIL = "".join(f"2026-01-05T10:00:0{n}Z mx postfix/smtp[1]: sent\n" for n in range(9))


@pytest.mark.parametrize(
    ("name", "text", "sourcetype"),
    [
        ("weblogs/a.log", MAIL, "web:access"),  # the source goes before the rules
        ("b.log", MAIL, "mail_syslog"),
        ("b.log", MAIL + "2026-01-05T10:00:09Z mx ERROR\n" * 3, "anything"),  # LESS_THAN_10 does not hold
        ("c.log", '{"time": "2026-01-05T10:00:00Z", "a": 1}\n', "json"),  # recognised: no delayed rule
    ],
)
def test_by_source_by_rule_and_by_delayed_rule(
    instance: Instance, tmp_path: Path, name: str, text: str, sourcetype: str
) -> None:
    found = {kind for kind, _ in indexed(instance, tmp_path / "data" / name, text)}
    assert len(found) == 1
    assert found == {sourcetype} or (sourcetype == "json" and found != {"anything"})


def test_what_is_given_goes_before_everything(instance: Instance, tmp_path: Path) -> None:
    assert {kind for kind, _ in indexed(instance, tmp_path / "weblogs" / "a.log", MAIL, sourcetype="mine")} == {"mine"}


def test_a_rule_that_cannot_be_read_is_a_fault_and_no_rule(instance: Instance) -> None:
    faults = instance.knowledge("search", "nobody").source_types.faults
    assert [str(fault).split(":")[0] for fault in faults] == ["acme/default/props.conf"]


def test_settings_of_hosts_apply_to_files(instance: Instance, tmp_path: Path) -> None:
    text = "2026-01-05T10:00:00Z a secret\n"
    assert indexed(instance, tmp_path / "x.log", text, host="gate7")[0][1].endswith("a xxx")


def test_what_is_binary_has_no_lines_for_a_rule(instance: Instance, tmp_path: Path) -> None:
    path = tmp_path / "mail.bin"
    path.write_bytes(b"\x00\x01\x02\x03postfix/smtp[\n" * 20)
    instance.store.create_index("main")
    instance.add_file(path, instance.import_options(format="raw"))
    assert instance.search("index=* | stats count by sourcetype").table.frame.get_column("sourcetype").to_list() != [
        "mail_syslog"
    ]
