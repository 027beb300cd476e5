"""Files of patterns that recognise times (DATETIME_CONFIG)."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError
from caltrop.index import datetimexml
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser, contains_date

NOW = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
XML = r"""<datetime>
<define name="_two" extract="day"><text><![CDATA[(\d\d)]]></text></define>
<define name="_date" extract="year, ignored, month, day">
  <text><![CDATA[(\d{4})(_)(\d\d)_]]></text><use name="_two"/>
</define>
<define name="_word" extract="day, litmonth[separator], year">
  <text><![CDATA[(\d+)th of (Jan|Feb|Mar)\w* (\d{4})]]></text>
</define>
<define name="_time" extract="hour, minute, ampm, zone"><text><![CDATA[(\d\d?)h(\d\d)([ap]m)?(?: ([A-Z]{3,4}|[+-]\d{4}))?]]></text></define>
<define name="_epoch" extract="utcepoch, subsecond"><text><![CDATA[t=(\d{10})\.(\d+)]]></text></define>
<timePatterns><use name="_time"/></timePatterns>
<datePatterns><use name="_epoch"/><use name="_date"/><use name="_word"/></datePatterns>
</datetime>"""


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("on 2020_10_08 at 11h03", 1602154980.0),
        ("on 2020_10_08 at 1h03pm", 1602162180.0),
        ("on 2020_10_08 at 11h03 +0200", 1602147780.0),
        ("on 2020_10_08 at 11h03 XYZ", 1602119 * 1000 - 20.0),  # by TZ_ALIAS ten hours east
        ("5th of March 2021", 1614902400.0),
        ("t=1602155026.5 2020_01_01", 1602155026.5),
        ("at 11h03", 1699959780.0),  # today
        ("2020-10-08 11:03:46", None),  # the forms of the file alone
    ],
)
def test_times(text: str, time: float | None) -> None:
    props = Props(recogniser=datetimexml.read(XML), tz_alias=(("XYZ", "+1000"),))
    assert TimeParser(props, now=NOW).parse(pl.Series(["nothing", text, None], dtype=pl.String)).to_list() == [
        None,
        time,
        None,
    ]
    assert contains_date(pl.Series([text]), props)[0] == (time is not None and text != "at 11h03")


@pytest.mark.parametrize(
    ("xml", "what"),
    [
        ("<datetime", "no XML"),
        ("<datetime/>", "uses no pattern"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><datetime>&b;</datetime>', "entities"),
        ('<d><datePatterns><use name="x"/></datePatterns></d>', "not defined"),
        ('<d><define name="x"><use name="x"/></define><datePatterns><use name="x"/></datePatterns></d>', "uses itself"),
        ('<d><define name="x"><text>(</text></define><datePatterns><use name="x"/></datePatterns></d>', "'x'"),
        (
            f'<d><define name="x"><text>{"a" * 40_000}</text></define><timePatterns><use name="x"/></timePatterns></d>',
            "longer",
        ),
    ],
)
def test_files_that_are_none(xml: str, what: str) -> None:
    with pytest.raises(CaltropError, match=what):
        datetimexml.read(xml)


@given(st.text(alphabet='<>/datetimuse name="x"', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert datetimexml.read(text)
    except CaltropError as error:
        assert error.message


def test_an_app_brings_its_file(tmp_path: Path) -> None:
    app = tmp_path / "etc" / "apps" / "mine"
    (app / "default").mkdir(parents=True)
    (app / "default" / "props.conf").write_text(
        "[st]\nDATETIME_CONFIG = /etc/apps/mine/default/times.xml\n"
        "[out]\nDATETIME_CONFIG = /etc/apps/mine/../../secret.xml\n"
        "[system]\nDATETIME_CONFIG = /etc/datetime.xml\n"
    )
    (app / "default" / "times.xml").write_text(XML)
    (tmp_path / "etc" / "secret.xml").write_text(XML)
    rules = Instance(apps=[app], now=NOW).knowledge("search", "nobody")
    told: list[str] = []
    found = [Props.from_mapping(rules.index_time_props("", name, ""), told.append) for name in ("st", "out", "system")]
    assert [props.recogniser is not None for props in found] == [True, False, False]
    (line,) = told
    assert "mine/default/props.conf:4: DATETIME_CONFIG" in line and "built-in forms" in line
    assert TimeParser(found[0], now=NOW).times(pl.Series(["2020_10_08 11h03"])).to_list() == [1602154980.0]


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "t.xml").write_text(XML + " " * datetimexml.LARGEST)
    with pytest.raises(CaltropError, match="bytes"):
        datetimexml.load(tmp_path / "t.xml")
