"""Time stamps: recognised forms, TIME_FORMAT, zones, what is missing, what is not a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.index import timestamp
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser
from tests.examples import examples

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC).timestamp()


def parse(text: str, **settings: str) -> str | None:
    """The time of one event as ISO text, null when none is found."""
    found = TimeParser(Props.from_mapping(settings), now=NOW).parse(pl.Series([text]))[0]
    return None if found is None else datetime.fromtimestamp(found, UTC).isoformat().removesuffix("+00:00")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2020-10-08T11:03:46.617920300Z x", "2020-10-08T11:03:46.617920"),
        ("2020-10-08 11:03:46,123 x", "2020-10-08T11:03:46.123000"),
        ("2020-10-08 11:03:46.123 +02:00", "2020-10-08T09:03:46.123000"),
        ("2024-06-01 12:00:00 EDT", "2024-06-01T16:00:00"),
        ("<14>1 2024-02-22T12:33:50-05:00 host", "2024-02-22T17:33:50"),
        ("20201008T110346Z", "2020-10-08T11:03:46"),
        ("2022/05/10 11:08:38,013", "2022-05-10T11:08:38.013000"),
        ("10/09/2020 10:41:26 AM", "2020-10-09T10:41:26"),
        ("10/09/2020 12:41:26 AM", "2020-10-09T00:41:26"),
        ("10/09/2020 10:41:26.5 PM", "2020-10-09T22:41:26.500000"),
        ("13/10/2020 10:41:26", "2020-10-13T10:41:26"),
        ("1/2/20 10:41", "2020-01-02T10:41:00"),
        ("Audit:[timestamp=01-25-2023 22:08:54.818, user=admin", "2023-01-25T22:08:54.818000"),
        ('1.2.3.4 - - [22/Feb/2022:14:00:00 +0100] "GET /', "2022-02-22T13:00:00"),
        ("Tue, 24 Nov 2026 03:00:00 -0500", "2026-11-24T08:00:00"),
        ("Tue Nov 24 03:00:00 UTC 2026", "2026-11-24T03:00:00"),
        ("Tue Mar 29 13:03:51 2022 UTC", "2022-03-29T13:03:51"),
        ("January 5, 2024 10:00 PM", "2024-01-05T22:00:00"),
        ("Nov  4 03:00:00 host a", "2026-11-04T03:00:00"),
        ("Nov 25 03:00:00 host two days ahead at most", "2026-11-25T03:00:00"),
        ("Dec 25 03:00:00 host", "2025-12-25T03:00:00"),
        ("Nov 24 03:00:00 host sent 2019-01-01 00:00:00", "2026-11-24T03:00:00"),
        ("type=SYSCALL msg=audit(1604994496.155:92733): arch", "2020-11-10T07:48:16.155000"),
        ("1604994496 x", "2020-11-10T07:48:16"),
        ('{"id":5,"ts":1604994496123}', "2020-11-10T07:48:16.123000"),
        ("2026-11-20", "2026-11-20T00:00:00"),
        ("date=2020-10-08 time=11:03:46 devname=x", "2020-10-08T11:03:46"),
        ("2020-10-08T11:03:46,617+02", "2020-10-08T09:03:46.617000"),
        ("2020-10-08 11:03:46 -05 x", "2020-10-08T11:03:46"),
        ("Oct 8, 2020 @ 11:03:46.617", "2020-10-08T11:03:46.617000"),
        ("Oct 08 2020 11:03:46: %ASA-6-302013: x", "2020-10-08T11:03:46"),
        ("01.02.2020 10:00:00", "2020-02-01T10:00:00"),
        ("Mon Oct 09 2020 10:41:26 GMT+0000 (UTC)", "2020-10-09T10:41:26"),
        ("[Thu Oct 08 11:03:46.617 2020] [core:error]", "2020-10-08T11:03:46.617000"),
        ("12:18:18.5: Notice", "2026-11-24T12:18:18.500000"),
        ("no time", None),
        ("Feb 30 10:00:00 x", None),
        ("2023-02-29 10:00:00", None),
        ("192.168.10.12 10.20.30.40 build 12345678901", None),
        ("", None),
    ],
)
def test_recognised(text: str, time: str | None) -> None:
    assert parse(text) == time


@pytest.mark.parametrize(
    ("settings", "text", "time"),
    [
        ({"TIME_FORMAT": "%Y-%m-%d %H:%M:%S.%3N"}, "x 2020-06-01 00:00:00.250", "2020-06-01T00:00:00.250000"),
        ({"TIME_FORMAT": "%d/%m/%y %I:%M %p"}, "03/04/20 01:05 PM", "2020-04-03T13:05:00"),
        ({"TIME_FORMAT": "%s.%3N"}, "1604994496.155", "2020-11-10T07:48:16.155000"),
        ({"TIME_FORMAT": "%s%3N"}, "1604994496155", "2020-11-10T07:48:16.155000"),
        ({"TIME_FORMAT": "%Y-%j %T"}, "2020-060 01:02:03", "2020-02-29T01:02:03"),
        ({"TIME_FORMAT": "%FT%T%:z"}, "2020-06-01T00:00:00+05:30", "2020-05-31T18:30:00"),
        ({"TIME_FORMAT": "%d %b %Y"}, "2020-01-01 00:00:00", None),
        ({"TIME_PREFIX": r"\bt="}, "2020-01-01 00:00:00 t=2021-01-01 00:00:00", "2021-01-01T00:00:00"),
        ({"TIME_PREFIX": r"(?<=t)="}, "2020-01-01 00:00:00 t=2021-01-01 00:00:00", "2021-01-01T00:00:00"),
        ({"TIME_PREFIX": "absent"}, "2020-01-01 00:00:00", None),
        ({"MAX_TIMESTAMP_LOOKAHEAD": "5"}, "2020-01-01 00:00:00", None),
        ({"TZ": "America/New_York"}, "2020-06-01 00:00:00", "2020-06-01T04:00:00"),
        ({"TZ": "America/New_York"}, "2020-06-01 00:00:00Z", "2020-06-01T00:00:00"),
        ({"TZ": "America/New_York"}, "2020-11-01 01:30:00", "2020-11-01T05:30:00"),
        ({"TZ": "America/New_York"}, "2020-03-08 02:30:00", "2020-03-08T07:30:00"),
    ],
)
def test_settings(settings: dict[str, str], text: str, time: str | None) -> None:
    assert parse(text, **settings) == time


def test_an_event_without_time_takes_the_one_before() -> None:
    clock = TimeParser(Props(), now=NOW)
    first = clock.times(pl.Series(["none", "2020-01-01 00:00:00 a", "none"]))
    assert first.to_list() == [NOW, 1577836800, 1577836800]
    assert clock.times(pl.Series(["none"])).to_list() == [1577836800]


def test_current_and_limits() -> None:
    texts = pl.Series(["2020-01-01 00:00:00", "2026-11-20 00:00:00", "2030-01-01 00:00:00"])
    assert TimeParser(Props(datetime_config="CURRENT"), now=NOW).times(texts).unique().to_list() == [NOW]
    limited = TimeParser(Props(max_days_ago=10, max_days_hence=2), now=NOW).times(texts)
    assert limited.to_list() == [NOW, 1795132800, 1795132800]


@given(
    moment=st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)),
    form=st.sampled_from(
        ["%Y-%m-%dT%H:%M:%S.%fZ", "%m/%d/%Y %I:%M:%S.%f %p", "%d/%b/%Y:%H:%M:%S.%f +0000", "%Y/%m/%d %H:%M:%S,%f"]
    ),
)
@examples(100)
def test_written_times_are_read_back(moment: datetime, form: str) -> None:
    text = moment.strftime(form)
    found = TimeParser(Props(), now=NOW).parse(pl.Series([f"{text} and more"]))[0]
    if form.startswith("%m") and moment.day <= 12 and moment.month <= 12:
        assert found is not None
    assert found == pytest.approx((moment - datetime(1970, 1, 1)) / timedelta(seconds=1), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "settings", "place"),
    [
        ("2020-10-08T11:03:46Z x", {}, (0, 20)),
        ("é 2020-10-08 11:03:46 x", {}, (3, 22)),  # bytes
        ("on=1602155026 x", {}, (3, 13)),
        ("a 1602155026 b=08.10.2020", {"TIME_PREFIX": "b=", "TIME_FORMAT": "%d.%m.%Y"}, (15, 25)),
        ("no time", {}, (None, None)),
        ("2020-10-08T11:03:46Z", {"DATETIME_CONFIG": "CURRENT"}, (None, None)),
    ],
)
def test_where_a_time_stamp_stands(text: str, settings: dict[str, str], place: tuple[int | None, int | None]) -> None:
    start, end = TimeParser(Props.from_mapping(settings), now=NOW).places(pl.Series([text]))
    assert (start[0], end[0]) == place


def _digits(low: int, high: int, width: int = 2) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda number: f"{number:0{width}}")


ISO = st.tuples(
    _digits(990, 2100, 4), st.just("-"), _digits(0, 13), st.just("-"), _digits(0, 32), st.sampled_from("T _"),
    _digits(0, 25), st.just(":"), _digits(0, 60), st.just(":"), _digits(0, 61),
    st.sampled_from(["", ".1", ".123456789", ".1234567890", ",5", ":5", "."]),
    st.sampled_from(["", "Z", "z", " Z", "+0100", " PM", "-05"]),
    st.sampled_from(["", "'", '"x', "<", "}", " x", "|2024-01-01 00:00:00", "é"]),
).map("".join)  # fmt: skip


SYSLOG = st.tuples(
    st.sampled_from(["", "", "", " ", "<13>"]),
    st.sampled_from(["Jan", "Feb", "Sep", "Sept", "mar", "Dec"]), st.sampled_from([" ", " ", " ", "  "]),
    st.integers(0, 33).map(lambda day: f"{day:2}") | st.sampled_from(["01", "1"]), st.just(" "),
    _digits(0, 25), st.just(":"), _digits(0, 60), st.just(":"), _digits(0, 61),
    st.sampled_from(["", " ", " ", " ", "  ", "\t", ".5", ",123 ", ":1 ", "1", "\n"]),
    st.sampled_from([
        "", "web1 sshd: x", "AM", "am x", "p.m. x", "pmx", "UTC", "UTC 2023", "UTCx", "EST-5", "Z x", "+0100", "+01 x", "-05:30", "-", "2023",
        "2023 x", "20231 x", "1 2023-01-01 00:00:00", "é", "2101",
    ]),
).map("".join)  # fmt: skip


@examples(200)
@given(
    texts=st.lists(ISO | SYSLOG | st.none(), min_size=1, max_size=5), tz=st.sampled_from(["UTC", "America/New_York"])
)
def test_times_read_by_their_places_are_those_of_the_forms(texts: list[str | None], tz: str) -> None:
    column = pl.Series(texts, dtype=pl.String)
    clock = TimeParser(Props.from_mapping({}), now=1.7e9, tz=tz)
    found = clock.parse(column).to_list()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timestamp, "_ISO", "$^x")
        patch.setattr(timestamp, "_SYSLOG", "$^x")
        assert clock.parse(column).to_list() == found
