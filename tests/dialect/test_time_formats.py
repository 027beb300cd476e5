"""strftime and strptime: each variable, what is left out, zones; and that all who read a format read the same time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caltrop.dialect import timecolumns
from caltrop.dialect.strftime import strftime, write
from caltrop.dialect.strptime import GROUPS, pattern, strptime
from caltrop.dialect.timecolumns import parse
from caltrop.dialect.zones import TimeError
from caltrop.engine.instance import Instance
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser
from caltrop.knowledge.lookups import Lookup, LookupFailure, Options
from tests.examples import examples

NOW = 1_700_000_000.0  # Tuesday 2023-11-14 22:13:20 UTC
TODAY = date(2023, 11, 14)
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
    "Pacific/Apia",
)  # fmt: skip
# Formats that name a whole second, and whether they name the zone as well.
FORMATS = {
    "%Y-%m-%d %H:%M:%S": False, "%FT%T%z": True, "%F %T %:z": True, "%d/%b/%Y:%H:%M:%S %z": True, "%c": False,
    "%m/%d/%Y %I:%M:%S %p": False, "%B %e, %Y %k:%M:%S": False, "%A %d %b %Y %l.%M.%S%P": False, "%s": True,
    "%Y%m%d%H%M%S": False, "%Y-%j %T": False, "%F %T %Ez": True, "%D %r": False, "%v %X": False, "%Y%m%d%H%M%S%3N": False,
}  # fmt: skip
FRACTIONS = ("%F %T.%3N%z", "%F %T,%6N%z", "%FT%T.%Q%:z", "%s.%3N", "%s%3N", "%Y%m%d%H%M%S%6N%z")

moments = st.integers(86_400, 3_000_000_000)  # %y is 2068 at most


def looked_up(text: str, form: str) -> float | None:
    """The time of a temporal lookup's row."""
    rows = pl.DataFrame({"k": ["a"], "t": [text]})
    return Lookup("l", "test", lambda: rows, Options(time_field="t", time_format=form))._times[0]


FILLERS = [f"filler {n}" for n in range(220)]  # a few values are read and written one by one


def parse_many(
    texts: Sequence[str | None], form: str, tz: str, today: date | None = TODAY, *, whole: bool = False
) -> list[float | None]:
    """As a part of a longer column; a format with an unknown variable fits no text."""
    try:
        pattern(form)
    except TimeError:
        return [None] * len(texts)
    return parse(pl.Series([*texts, *FILLERS], dtype=pl.String), form, tz, today, whole=whole).to_list()[: len(texts)]


def write_many(times: Sequence[float], form: str, tz: str) -> list[str | None]:
    return write(pl.Series([*times, *(float(n) for n in range(40))]), form, tz).to_list()[: len(times)]


def indexed(text: str, form: str, tz: str = "UTC") -> float | None:
    props = Props.from_mapping({"TIME_FORMAT": form, "TZ": tz})
    time: float | None = TimeParser(props, now=NOW).parse(pl.Series([text]))[0]
    return time


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return Instance(None, [tmp_path_factory.mktemp("apps")], now=NOW)


def evaluated(instance: Instance, text: str, form: str) -> float | None:
    found = instance.search(f'| makeresults | eval v=strptime("{text}","{form}") | fields v').table.frame
    value = found.get_column("v")[0] if "v" in found.columns else None
    return None if value is None else float(value)


# --- round trips and agreement ----------------------------------------------------------------------------------------


@given(st.lists(moments, min_size=1, max_size=20), st.sampled_from(sorted(FORMATS)), st.sampled_from(ZONES))
@examples(150)
def test_what_is_written_is_read_back(times: list[int], form: str, tz: str) -> None:
    written = write(pl.Series(times, dtype=pl.Float64), form, tz)
    read = parse(written, form, tz, TODAY)
    assert write(read, form, tz).to_list() == written.to_list()  # an hour that comes twice is read as the first one
    if FORMATS[form] or tz == "UTC":
        assert read.to_list() == times


@given(
    st.lists(st.integers(10**12, 4 * 10**12), min_size=1, max_size=20),
    st.sampled_from(FRACTIONS),
    st.sampled_from(ZONES),
)
@examples(100)
def test_fractions_are_read_back(millis: list[int], form: str, tz: str) -> None:
    times = [m / 1000 for m in millis]
    read = parse(write(pl.Series(times, dtype=pl.Float64), form, tz), form, tz)
    assert read.to_list() == pytest.approx(times, abs=1e-6)


@given(
    st.lists(st.floats(-1e9, 4e9), min_size=1, max_size=10), st.sampled_from(sorted(FORMATS)), st.sampled_from(ZONES)
)
@examples(60)
def test_a_column_is_its_texts(times: list[float], form: str, tz: str) -> None:
    written = write_many(times, form, tz)
    assert written == [strftime(time, form, tz) for time in times]
    assert parse_many(written, form, tz) == [strptime(text, form, tz, TODAY) for text in written if text is not None]


variables = st.sampled_from(
    [f"%{letter}" for letter in "YymdebBhjHkIlMSpPaAwuUWVGgCzZsQNfntTRDFxXrcv"] + ["%3N", "%6N", "%:z", "%Ez", "%-d", "%_H", "%0e"]
)  # fmt: skip
literals = st.sampled_from(["-", "/", ":", ".", ",", " ", "  ", "T", "1", "+", "%%", "[", "ember"])
any_format = st.lists(variables | literals, max_size=9).map("".join)
noise = st.text(st.sampled_from("0123456789 -:/.,+TZapmNov\t\x1c\u0663é"), max_size=12)


@given(st.floats(-3e9, 4e9), any_format, st.sampled_from(ZONES))
@examples(300)
def test_one_time_is_written_as_a_column_is(time: float, form: str, tz: str) -> None:
    assert [strftime(time, form, tz)] == write_many([time], form, tz)


@given(
    st.floats(0, 2e9), any_format, any_format, st.sampled_from(ZONES), noise, st.booleans(),
    st.sampled_from((TODAY, None)),
)  # fmt: skip
@examples(500)
def test_one_text_is_read_as_a_column_is(
    time: float, form: str, other: str, tz: str, tail: str, whole: bool, today: date | None
) -> None:
    written = [strftime(time, form, tz) or "", tail]
    written += [written[0] + tail, tail + written[0], strftime(time, other, tz) or ""]
    one_by_one = [strptime(text, form, tz, today, whole=whole) for text in written]
    assert parse_many(written, form, tz, today, whole=whole) == pytest.approx(one_by_one, abs=1e-6)


def test_no_format_makes_a_reading_backtrack_without_end() -> None:
    for form, text in (
        ("%H" * 40 + "x", "1" * 90),
        ("%n" * 40 + "x", " " * 5000),
        ("%Z/" * 20 + "x", "a/" * 500),
        ("%s" * 20 + "x", "1" * 300),
    ):
        assert strptime(text, form) is None  # one that tries all ways does not end in a lifetime


@given(moments, st.sampled_from(sorted(set(FORMATS) - {"%Y%m%d%H%M%S%3N"})))
@examples(100)
def test_lookups_and_index_time_read_the_same_time(time: int, form: str) -> None:
    if form == "%s" and time < 10**8:
        return  # too few digits to be found in a text
    text = strftime(time, form)
    assert text is not None
    assert strptime(text, form) == looked_up(text, form) == indexed(text, form) == time


@pytest.mark.parametrize(
    "zone", ["AST", "PDT", "CEST", "Z", "Europe/Berlin", "Asia/Kolkata", "+0530", "-08:00", "EST5EDT", "Nowhere"]
)
@pytest.mark.parametrize("form", ["%F %T %Z", "%k:%M:%S %e %b %Y %Z", "%m/%d/%y %I:%M %p %Z"])
def test_all_readers_agree_on_zones(instance: Instance, form: str, zone: str) -> None:
    text = strftime(NOW, form.removesuffix("%Z"))
    assert text is not None
    read = strptime(text + zone, form)
    assert read is not None
    assert evaluated(instance, text + zone, form) == looked_up(text + zone, form) == indexed(text + zone, form) == read


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)))
@examples(150)
def test_names_and_numbers_are_those_of_the_c_library(moment: datetime) -> None:
    form = "%Y %y %m %d %H %I %M %S %p %j %a %A %b %B %U %W %w %u %V %G %C %e %D %F %T %R"
    moment = moment.replace(microsecond=0)
    time = (moment - datetime(1970, 1, 1)) / timedelta(seconds=1)
    assert strftime(time, form) == moment.strftime(form)


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "form", "time"),
    [
        # %I without %p is in the morning; 12 is then midnight. %p does nothing beside %H.
        ("2023-11-14 12:05", "%F %I:%M", 1699920300),
        ("2023-11-14 01:05", "%F %I:%M", 1699923900),
        ("2023-11-14 12:05 AM", "%F %I:%M %p", 1699920300),
        ("2023-11-14 12:05 p.m.", "%F %I:%M %p", 1699963500),
        ("2023-11-14 01:05 pm", "%F %l:%M %P", 1699967100),
        ("2023-11-14 00:05 PM", "%F %I:%M %p", None),
        ("2023-11-14 01:05 PM", "%F %H:%M %p", 1699923900),
        # Leading zeros and blanks are not needed.
        ("Nov  4 2023  3:00", "%b %e %Y %k:%M", 1699066800),
        ("Nov 04 2023 03:00", "%b %e %Y %k:%M", 1699066800),
        ("november 4 2023 3:0", "%B %d %Y %H:%M", 1699066800),
        # A year of two digits.
        ("01/01/68", "%d/%m/%y", 3092601600),
        ("01/01/69", "%d/%m/%y", -31536000),
        ("0069-01-01", "%F", -59989680000),
        # The fraction and the mark before it may be missing; its digits are a fraction however many they are.
        ("2023-11-14 22:13:20", "%F %T.%3N", 1700000000),
        ("2023-11-14 22:13:20,5", "%F %T,%3N", 1700000000.5),
        ("2023-11-14 22:13:20.123456789Z", "%F %T.%N%z", 1700000000.123457),
        ("1700000000", "%s.%Q", 1700000000),
        ("1700000000250", "%s%3N", 1700000000.25),
        ("1700000000.75", "%s", 1700000000),
        ("-86400", "%s", -86400),
        # Zones.
        ("2023-11-14 22:13:20 Z", "%F %T %z", 1700000000),
        ("2023-11-14 22:13:20-08", "%F %T%z", 1700028800),
        ("2023-11-14 22:13:20+01:00:30", "%F %T%z", 1699996370),
        ("2023-11-14 22:13:20 +90", "%F %T %Ez", 1699994600),
        ("2023-11-14 22:13:20 -480", "%F %T %Ez", 1700028800),
        ("2023-07-14 12:00:00 Europe/Berlin", "%F %T %Z", 1689328800),
        ("2023-07-14 12:00:00 pst", "%F %T %Z", 1689364800),
        # What does not fit, and what is no such day.
        ("2023-11-45", "%F", None), ("2023-13-01", "%F", None), ("2023-02-29", "%F", None), ("2024-02-29", "%F", 1709164800),
        ("2023-366", "%Y-%j", None), ("2024-366", "%Y-%j", 1735603200), ("2023-000", "%Y-%j", None),
        ("2023-11-14 24:00", "%F %H:%M", None), ("2023-11-14 10:60", "%F %H:%M", None),
        ("2023-11-14 23:59:60", "%F %T", 1700006400), ("2023-11-14 23:59:61", "%F %T", None),
        ("x2023-11-14", "%F", None), ("  2023-11-14 and more", "%F", 1699920000), ("", "%F", None),
        # What is left out comes from today where it is larger than what is there.
        ("22:13", "%H:%M", 1699999980), ("05 10:00", "%d %H:%M", 1699178400), ("Mar 05", "%b %d", 1677974400),
        ("2023-11", "%Y-%m", None), ("2023", "%Y", None), ("Nov", "%b", None), ("2022 05", "%Y %d", 1641340800),
        ("no variable", "no variable", None), ("100% 22:13", "100%% %R", 1699999980),
        # White space stands for any white space, and literals for themselves.
        ("2023-11-14\t \n22:13:20", "%F %T", 1700000000), ("[2023.11.14]", "[%Y.%m.%d]", 1699920000), ("2023x11.14", "%Y.%m.%d", None),
        ("2023-11-14 2023-12-31", "%F %F", 1699920000),
        ("2023", "%J", None), ("2023", "%!", None),
    ],
)  # fmt: skip
def test_reading(text: str, form: str, time: float | None) -> None:
    found = strptime(text, form, "UTC", TODAY)
    assert found == (time if time is None else pytest.approx(time, abs=1e-6))


def test_without_a_day_to_go_by_a_year_is_needed() -> None:
    assert strptime("22:13", "%H:%M") is None
    assert parse(pl.Series(["Mar 05", None]), "%b %d").to_list() == [None, None]


def test_a_year_that_is_left_out_is_the_last_one_before_a_moment() -> None:
    stamps = pl.DataFrame({"b": ["Nov", "Dec", "Dec"], "d": ["13", "25", "25"], "Y": [None, None, "2023"]})
    times = timecolumns.epoch(stamps, "UTC", TODAY, latest=NOW)
    assert write(times, "%F").to_list() == ["2023-11-13", "2022-12-25", "2023-12-25"]


def digits(most: int) -> st.SearchStrategy[str | None]:
    return st.none() | st.integers(0, most).map(str) | st.integers(0, most).map("{:02}".format)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "Y": st.none() | st.sampled_from(["2023", "2024", "68", "69", "1900", "0000"]),
                "m": digits(13),
                "d": digits(32),
                "b": st.none() | st.sampled_from(["Feb", "DEC", "sep"]),
                "j": st.none() | st.sampled_from(["0", "1", "060", "366"]),
                "H": digits(24),
                "I": digits(13),
                "M": digits(61),
                "S": digits(61),
                "p": st.none() | st.sampled_from(["am", "P.M."]),
                "f": st.none() | st.sampled_from(["5", "123456789"]),
                "z": st.none() | st.sampled_from(["Z", "+05:30", "-08", "EST", "Europe/Berlin", "nowhere"]),
                "n": st.none() | st.sampled_from(["330", "-60"]),
                "e": st.none() | st.sampled_from(["1700000000", "1700000000.25"]),
            }
        ),
        min_size=1,
        max_size=5,
    ),
    st.sets(st.sampled_from(GROUPS), min_size=1),
    st.sampled_from(ZONES),
    st.none() | st.sampled_from([TODAY, date(2024, 2, 29)]),
    st.none() | st.just(NOW),
)
@example([dict.fromkeys(GROUPS) | {"d": "1"}], {"d", "Y", "m"}, "UTC", date(2024, 2, 29), NOW)
@examples(200)
def test_few_texts_taken_apart_are_the_times_that_many_are(
    rows: list[dict[str, str | None]], groups: set[str], tz: str, today: date | None, latest: float | None
) -> None:
    found = pl.DataFrame(rows, schema=dict.fromkeys(GROUPS, pl.String)).select(sorted(groups))
    many = pl.concat([found] * 220)
    assert timecolumns.epoch(found, tz, today, latest=latest).to_list() == pytest.approx(
        timecolumns.epoch(many, tz, today, latest=latest).to_list()[: len(rows)], abs=1e-6
    )


def test_hours_that_the_clocks_skip_or_repeat() -> None:
    texts = pl.Series(["2020-03-08 02:30:00", "2020-11-01 01:30:00"])
    assert parse(texts, "%F %T", "America/New_York").to_list() == [1583652600, 1604208600]
    assert parse(pl.Series(["2011-12-30 12:00:00"]), "%F %T", "Pacific/Apia").to_list() == [1325282400]


@pytest.mark.parametrize("tz", ["America/New_York", "Europe/Berlin", "Australia/Sydney"])
def test_after_2099_a_zone_keeps_its_offset_however_a_time_is_read_or_written(tz: str) -> None:
    texts = ["2100-01-15 12:00:00", "2100-04-01 00:00:00", "2150-07-06 12:00:00"]
    one_by_one = [strptime(text, "%F %T", tz) for text in texts]
    assert parse(pl.Series(texts * 100), "%F %T", tz).to_list() == one_by_one * 100
    assert write(pl.Series(one_by_one), "%F %T", tz).to_list() == texts


def test_columns_keep_their_rows() -> None:
    texts = pl.Series(["2023-11-14", None, "no", "2023-11-14"])
    assert parse(texts, "%F").to_list() == [1699920000, None, None, 1699920000]
    assert parse(texts.clear(), "%F").to_list() == []
    assert parse(pl.Series([None], dtype=pl.String), "%F").to_list() == [None]
    assert write(pl.Series([0.0, None, 1e18, float("nan"), float("inf")]), "%F").to_list() == [
        "1970-01-01",
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%Y-%m-%dT%H:%M:%S.%3N%z", "2023-11-15T03:43:20.123+0530"), ("%1N %2N %4Q %N %Q %f", "1 12 1234 123456000 123 123456"),
        ("%z %:z %::z %:::z %Ez %Z", "+0530 +05:30 +05:30:00 +05:30 +330 IST"), ("%c|%+", "Wed Nov 15 03:43:20 2023|Wed Nov 15 03:43:20 IST 2023"),
        ("%-d %-H %_H %e %k %l %-I", "15 3  3 15  3  3 3"), ("%^b %^A %P %p", "NOV WEDNESDAY am AM"), ("%s%%", "1700000000%"),
        ("%J %! 100% {} é", "%J %! 100% {} é"), ("%v %D %h %C %g", "15-Nov-2023 11/15/23 Nov 20 23"), ("%n%t", "\n\t"), ("", ""),
    ],
)  # fmt: skip
def test_writing(form: str, text: str) -> None:
    assert strftime(NOW + 0.123456, form, "Asia/Kolkata") == text


@pytest.mark.parametrize(
    ("time", "text"),
    [(-1.5, "1969-12-31 23:59:58.500 -2"), (1e9 + 0.9999999, "2001-09-09 01:46:41.000 1000000001"), (-62135596800.0, "0001-01-01 00:00:00.000 -62135596800")],
)  # fmt: skip
def test_writing_rounds_to_microseconds(time: float, text: str) -> None:
    assert strftime(time, "%F %T.%3N %s") == text


def test_offsets_west_of_utc() -> None:
    assert strftime(NOW, "%z %::z %:::z %Ez", "America/St_Johns") == "-0330 -03:30:00 -03:30 -210"
    assert strftime(NOW, "%:::z", "America/New_York") == "-05"


# --- each reader's own part -------------------------------------------------------------------------------------------


def test_unknown_variables_and_zones_are_named() -> None:
    with pytest.raises(TimeError, match="%J at 4 of '%Y %J'"):
        pattern("%Y %J")
    with pytest.raises(TimeError, match="no such time zone: 'Nowhere/Land'"):
        parse(pl.Series(["2023"]), "%Y", "Nowhere/Land")
    with pytest.raises(TimeError, match="no such time zone"):
        strftime(NOW, "%F", "../etc/passwd")
    with pytest.raises(LookupFailure, match="lookup 'l': time_format: %J at 1"):
        looked_up("2023", "%J")


def test_lookups_default_to_epoch_seconds_and_ignore_their_fraction() -> None:
    assert Options().time_format == "%s.%Q"
    assert looked_up("1700000000.75", "%s.%Q") == 1700000000
    assert looked_up("1700000000", "%s.%Q") == 1700000000
    assert looked_up("soon", "%s.%Q") is None


@pytest.mark.parametrize(
    ("form", "text", "time"),
    [
        ("%F %I:%M", "at 2023-11-14 12:05", 1699920300), ("%d %b %H:%M", "25 Dec 10:00", 1671962400), ("%s", "id 12 1700000000", 1700000000),
        ("%s%3N", "1700000000250", 1700000000.25), ("%F %T %Z", "2023-07-14 12:00:00 Europe/Berlin x", 1689328800),
        ("%m/%d/%Y", "13/10/2023", None), ("%b %d %T", "Nov  4 03:00:00", 1699066800),
    ],
)  # fmt: skip
def test_time_format_finds_the_time_in_the_text(form: str, text: str, time: float | None) -> None:
    assert indexed(text, form) == time


def test_eval_takes_its_format_from_each_row(instance: Instance) -> None:
    result = instance.search(
        '| makeresults count=4 | streamstats count as n | eval f=case(n=1,"%F",n=2,"%d.%m.%Y",n=3,"%J"), t="2023-11-14"'
        " | eval v=strptime(t,f), w=strftime(1700000000,f) | table v w"
    )
    frame = result.table.frame
    assert [None if v is None else float(v) for v in frame.get_column("v")] == [1699920000, None, None, None]
    assert frame.get_column("w").to_list() == ["2023-11-14", "14.11.2023", "%J", None]


def test_convert_reads_and_writes_times(instance: Instance) -> None:
    result = instance.search(
        '| makeresults | eval a="11/14/2023 22:13:20", b=1700000000, c="x", m=split("1700000000,x",","), d=a, e="7.5"'
        " | convert mktime(a) ctime(b) ctime(c) ctime(m) num(d) auto(e) | fields a b c m d e"
    )
    row = {name: result.table.frame.get_column(name)[0] for name in "abcde"}
    assert row["a"] == row["d"] == 1700000000 and row["e"] == 7.5
    assert (row["b"], row["c"]) == ("11/14/2023 22:13:20", "x")
    assert result.table.frame.get_column("m")[0].to_list() == ["11/14/2023 22:13:20", "x"]


def test_a_moment_is_read_in_the_zone_of_its_time_format() -> None:
    assert indexed("2023-07-14 12:00:00", "%F %T", "Europe/Berlin") == datetime(2023, 7, 14, 10, tzinfo=UTC).timestamp()
