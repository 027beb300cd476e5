"""Reporting and statistical commands over small tables: rule, edge and failure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from caltrop.engine.aggregate import registry
from caltrop.engine.aggregate.prestats import _join, _split
from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance

from .report_harness import NOW, cells, run, run_table, table_of

Rows = list[dict[str, Any]]
HOUR = 3600.0


def series(*values: float) -> Rows:
    return [{"_time": 1_700_000_000.0 + HOUR * i, "x": str(v)} for i, v in enumerate(values)]


@pytest.mark.parametrize(
    ("spl", "message"),
    [
        ("stats nosuch(x)", "nosuch"),
        ("stats count AS g by g", "'g'"),
        ("stats per_day(x)", "per_day"),
        ("eventstats avrg(x)", "avrg"),
        ("streamstats time_window=2x count", "time_window"),
        ("streamstats time_window=5m current=f count", "current=f"),
        ("streamstats window=-1 count", "window=-1"),
        ("streamstats sparkline(count)", "streamstats"),
        ("chart count by a b c", "chart"),
        ("chart limit=many count by a b", "limit=many"),
        ("chart count by a b where biggest", "where"),
        ("timechart count by a b", "timechart"),
        ("timechart span=log2 count", "logarithmic"),
        ("top", "top"),
        ("top count", "name of a field"),
        ("sistats sparkline(count)", "sparkline"),
        ("transaction g maxpause=soon", "soon"),
        ("xyseries a b", "xyseries"),
        ("untable a b", "untable"),
        ("contingency a", "contingency"),
        ("contingency a a", "different"),
        ("trendline sma1(x)", "sma1"),
        ("trendline avg5(x)", "avg5"),
        ("outlier action=burn", "burn"),
        ("predict x algorithm=BiLL", "BiLL"),
        ("predict nosuch", "nosuch"),
        ("x11 mult2(x)", "period"),
        ("kmeans k=0 x", "k=0"),
        ("kmeans distype=far x", "far"),
        ("cluster t=2", "t lies"),
        ("cluster match=vibes", "vibes"),
        ("correlate type=other", "other"),
        ("af classfield=x", "two values"),
        ("anomalies denylist=a", "denylist"),
        ("anomalydetection method=guess", "guess"),
        ("anomalousvalue action=guess", "guess"),
        ("arules g", "two fields"),
        ("geostats count maxzoomlevel=12", "maxzoomlevel"),
        ("geostats count by a b", "one BY field"),
    ],
)
def test_errors_name_what_is_wrong(spl: str, message: str) -> None:
    rows = [
        {
            "_time": 1_700_000_000.0 - i,
            "_raw": "e",
            "x": str(i),
            "g": "ab"[i % 2],
            "a": "1",
            "b": "2",
            "c": "3",
            "lat": "1",
            "lon": "1",
        }
        for i in range(3)
    ]
    with pytest.raises(SearchError) as caught:
        run(spl, rows)
    assert message in str(caught.value)


def test_streamstats_time_window_wants_an_order() -> None:
    with pytest.raises(SearchError, match="order of time"):
        run("streamstats time_window=5m count", [{"_time": 1.0}, {"_time": 9.0}, {"_time": 5.0}])


def test_every_function_runs_over_nothing_and_over_texts() -> None:
    names = sorted(name for name in registry if registry[name].name == name)
    written = " ".join(f"{name}(x)" for name in [*names, "p95", "exactperc99.9"])
    empty = run(f"stats {written}", table_of([]))
    assert empty == [dict.fromkeys(("count(x)", "dc(x)", "estdc(x)", "estdc_error(x)"), "0")]
    text = run(f"stats {written}", [{"_time": 1.0, "x": "word"}])
    assert text[0]["max(x)"] == text[0]["mode(x)"] == "word"
    assert not {"sum(x)", "avg(x)", "stdev(x)", "p95(x)", "range(x)"} & text[0].keys()


def test_every_function_survives_the_round_trip_through_a_summary() -> None:
    rows = [
        {"_time": 1_700_000_000.0 - i, "g": "ab"[i % 2], "x": value}
        for i, value in enumerate(["5", "a;b", "7.50", "back\\slash", "5", ["1", "2"], "-3"])
    ]
    names = sorted(name for name in registry if registry[name].name == name and name not in ("list", "first", "last"))
    written = " ".join(f"{name}(x)" for name in [*names, "p90"])
    for by in (" by g", ""):
        through, direct = run(f"sistats {written} by g | stats {written}{by}", rows), run(f"stats {written}{by}", rows)
        assert [_rounded(row) for row in through] == [_rounded(row) for row in direct]


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """The last digits depend on the order in which numbers are added."""
    return {k: f"{float(v):.12g}" if isinstance(v, str) and "." in v else v for k, v in row.items()}


@pytest.mark.parametrize("values", [[""], ["a"], ["a;b", "c\\", "\\;", "", "d\n"], ["", ""]])
def test_encoded_lists_read_back(values: list[str]) -> None:
    assert _split(_join(values)) == values


def test_summary_rows_may_come_back_as_text() -> None:
    """A summary event holds text only: every cell of the partial results as a string."""
    rows = [{"_time": 1_700_000_000.0 - i, "g": "ab"[i % 2], "x": str(i)} for i in range(5)]
    partial = run("sistats count avg(x) max(x) values(x) by g", rows)
    assert run("stats count avg(x) max(x) values(x)", partial) == run("stats count avg(x) max(x) values(x)", rows)


def test_a_forged_count_does_not_fill_the_memory() -> None:
    rows = [{"psrsvd_v": "1", "psrsvd_gc": "1", "psrsvd_vm_x": "a;999999999999999999999;b;x;c"}]
    assert run("stats dc(x)", rows) == [{"dc(x)": "1"}]


def test_million_groups_keep_their_types() -> None:
    table = run_table("stats count sum(x) AS s by g", [{"g": 3, "x": 1}, {"g": 1, "x": 2}, {"g": 3, "x": 4}])
    assert table.frame.schema == {"g": pl.Int64(), "count": pl.Int64(), "s": pl.Float64()}
    assert table.frame.rows() == [(1, 1, 2.0), (3, 2, 5.0)]


def test_timechart_marks_the_width_of_its_buckets() -> None:
    day = run_table("timechart span=1d count", series(1, 2)).frame
    assert day.select("_span", "_spandays").rows() == [(86400, 1)]


def test_per_day_of_a_month_counts_its_days() -> None:
    rows = [{"_time": 1_698_800_000.0, "x": "300"}]  # in November 2023
    assert run("timechart span=1mon per_day(x) AS d", rows)[0]["d"] == "10.000000"


def test_sparkline_covers_the_time_range_of_the_search() -> None:
    rows = [{"_time": 100.0, "x": "4"}, {"_time": 30.0, "x": "2"}]
    found = run("stats sparkline(avg(x), 1m) AS s", rows, earliest=0.0, latest=240.0)
    assert found == [{"s": ["##__SPARKLINE__##", "2", "4", "0", "0"]}]


def test_transpose_keeps_lists() -> None:
    found = run("transpose", [{"a": ["x", "y"], "b": "z"}])
    assert found == [{"column": "a", "row 1": ["x", "y"]}, {"column": "b", "row 1": "z"}]


def test_makecontinuous_time() -> None:
    rows = [{"_time": 1_700_000_000.0}, {"_time": 1_700_007_200.0}]
    found = run("makecontinuous span=1h", rows)
    assert [row["_time"] for row in found] == ["1699999200", "1700002800", "1700006400"]


@pytest.mark.parametrize(
    "spl",
    [
        "timechart count by g", "chart count by g x", "top x", "transaction x", "xyseries a b c", "untable a b c", "transpose",
        "contingency a b", "fieldsummary", "streamstats count", "eventstats count", "trendline sma2(x)", "outlier", "kmeans x", "cluster",
        "correlate", "anomalies", "anomalydetection", "anomalousvalue", "predict x", "geostats count", "makecontinuous x", "timewrap 1d",
        "concurrency duration=x", "arules a b", "associate", "af classfield=a", "sitop a", "cofilter a b", "sichart count by a",
        "sitimechart count", "stats count by a",
    ],
)  # fmt: skip
def test_no_rows_are_no_error(spl: str) -> None:
    assert run(spl, table_of([])) == []


# --- statistical commands ---------------------------------------------------------------------------------------------


def test_moving_averages() -> None:
    found = run("trendline sma2(x) AS s wma2(x) AS w ema3(x) AS e ema2(x) AS f", series(1, 2, 4, 8))
    assert [row.get("s") for row in found] == [None, "1.5", "3", "6"]
    assert [float(row["w"]) for row in found[1:]] == pytest.approx([5 / 3, 10 / 3, 20 / 3])
    assert [row.get("e") for row in found] == [None, None, "2.75", "5.375"]
    # EMA(t) = 2/3 EMA(t-1) + 1/3 x(t), as the topic has it
    assert [round(float(row["f"]) * 27) for row in found[1:]] == [36, 60, 112]


def test_moving_averages_step_over_gaps() -> None:
    rows = [{"x": "1"}, {"y": "-"}, {"x": "3"}]
    assert [row.get("s") for row in run("trendline sma2(x) AS s", rows)] == [None, None, "2"]


def test_outliers_are_cut_or_removed() -> None:
    rows = series(1, 2, 3, 4, 5, 6, 7, 100)
    assert run("outlier x | stats max(x) count", rows) == [{"max(x)": "15", "count": "8"}]
    assert run("outlier action=rm x | stats max(x) count", rows) == [{"max(x)": "7", "count": "7"}]
    assert run("outlier mark=t x", rows)[-1]["x"] == "00015"


def test_forecast_follows_trend_and_season() -> None:
    values = [10 + 0.5 * i + 5 * math.sin(i * math.pi / 3) for i in range(36)]
    found = run("predict x AS p future_timespan=6 period=6", series(*values))
    for i, row in enumerate(found[36:], 36):
        assert float(row["p"]) == pytest.approx(10 + 0.5 * i + 5 * math.sin(i * math.pi / 3), abs=0.2)
        assert float(row["lower95(p)"]) < float(row["p"]) < float(row["upper95(p)"])
    assert float(found[-1]["_time"]) == 1_700_000_000 + 41 * HOUR


def test_forecast_bounds_widen_with_the_future() -> None:
    found = run("predict x algorithm=LL future_timespan=3 upper90=hi lower90=lo", series(3, 5, 4, 6, 3, 5, 4))
    widths = [float(row["hi"]) - float(row["lo"]) for row in found[-3:]]
    assert widths == sorted(widths)


def test_season_is_taken_out() -> None:
    values = [100 + i + (20 if i % 6 == 0 else -4) for i in range(30)]
    found = run("x11 add6(x) AS t", series(*values))
    assert [round(float(row["t"])) for row in found] == [100 + i for i in range(30)]


def test_clusters_of_points() -> None:
    rows = series(1, 2, 101, 102, 103)
    found = run("kmeans k=2 x | table x CLUSTERNUM centroid_x", rows)
    assert [(row["CLUSTERNUM"], row["centroid_x"]) for row in found] == [("1", "102")] * 3 + [("2", "1.5")] * 2
    falling = [float(row["distortion"]) for row in run("kmeans k=1-3 x", rows)]
    assert falling == sorted(falling, reverse=True)


def test_clusters_of_events() -> None:
    rows = [{"_raw": f"user {name} logged in from host {i}"} for i, name in enumerate(["al", "al", "al"])]
    rows.append({"_raw": "disk full"})
    found = run("cluster t=0.7 showcount=t", rows)
    assert [(row["cluster_label"], row["cluster_count"]) for row in found] == [("1", "3"), ("2", "1")]
    assert [row["cluster_label"] for row in run("cluster t=0.7 labelonly=t", rows)] == ["1", "1", "1", "2"]


def test_the_odd_event_out() -> None:
    rows = [{"_raw": f"user al logged in from host {i}", "c": "login"} for i in range(20)]
    rows.append({"_raw": "kernel panic: stack is corrupted in driver zx81", "c": "panic"})
    assert [row["c"] for row in run("anomalies threshold=0.2", rows)] == ["panic"]
    assert [row["c"] for row in run("anomalydetection c", rows)] == ["panic"]
    annotated = run("anomalydetection action=annotate c", rows)
    assert len(annotated) == 21
    assert annotated[-1]["probable_cause"] == "c"


def test_the_odd_value_out() -> None:
    rows = [{"n": str(10 + i % 3)} for i in range(40)] + [{"n": "900"}]
    assert [row["n"] for row in run("anomalousvalue n", rows)] == ["900"]
    assert run("anomalousvalue action=summary n", rows)[0]["isNum"] == "YES"


def test_values_that_come_together() -> None:
    rows = [{"a": "1", "b": "x"}] * 4 + [{"a": "2", "b": "y"}] * 4 + [{"a": "1", "b": "y"}]
    rules = {(r["Given fields"], r["Implied fields"]): r["Strength"] for r in run("arules a b sup=2 conf=0.7", rows)}
    assert rules == {("b=x", "a=1"): "1", ("a=2", "b=y"): "1", ("a=1", "b=x"): "0.8", ("b=y", "a=2"): "0.8"}
    found = run("associate a b supcnt=2 improv=0.9", rows)
    assert {(r["Reference_Key"], r["Reference_Value"], r["Target_Key"]) for r in found} == {
        ("a", "2", "b"),
        ("b", "x", "a"),
    }


def test_fields_that_come_together() -> None:
    rows = [{"a": "1", "b": "1"}, {"a": "1"}, {"b": "1"}, {"a": "2", "b": "2"}]
    assert run("correlate", rows) == [
        {"RowField": "a", "a": "1.00", "b": "0.50"},
        {"RowField": "b", "a": "0.50", "b": "1.00"},
    ]


def test_fields_that_predict() -> None:
    rows = [{"k": "lo" if i < 5 else "hi", "n": str(i), "m": str(i % 2)} for i in range(10)]
    found = {row["field"]: row for row in run("af classfield=k", rows)}
    assert found["n"]["acc"] == "1"
    assert float(found["m"]["acc"]) < 0.7


def test_tiles_of_a_map() -> None:
    rows = [
        {"lat": "10", "lon": "20", "k": "a"},
        {"lat": "12", "lon": "22", "k": "b"},
        {"lat": "-80", "lon": "-170", "k": "a"},
        {"lat": "95", "lon": "0"},
    ]
    found = run("geostats count maxzoomlevel=1", rows)
    assert found[:2] == [
        {"geobin": "bin_id_zl_0_y_0_x_0", "latitude": "-80", "longitude": "-170", "count": "1"},
        {"geobin": "bin_id_zl_0_y_4_x_4", "latitude": "11", "longitude": "21", "count": "2"},
    ]
    assert {row["geobin"].split("_y")[0] for row in found} == {"bin_id_zl_0", "bin_id_zl_1"}
    split = run("geostats count by k maxzoomlevel=0", rows)
    assert split[1] == {"geobin": "bin_id_zl_0_y_4_x_4", "latitude": "11", "longitude": "21", "a": "1", "b": "1"}


# --- side by side -----------------------------------------------------------------------------------------------------


def test_timewrap_lays_periods_side_by_side() -> None:
    rows = [{"_time": 1_700_000_000.0 + 86400 * i, "count": str(i)} for i in range(4)]
    found = run("timewrap 2d", rows, earliest=0.0, latest=1_700_000_000.0 + 4 * 86400)
    assert found == [
        {"_time": str(1_700_000_000 + 2 * 86400), "count_latest_2days": "2", "count_2days_before": "0"},
        {"_time": str(1_700_000_000 + 3 * 86400), "count_latest_2days": "3", "count_2days_before": "1"},
    ]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("1w", ["count_latest_week", "count_1week_before", "count_2weeks_before"]),
        ("week series=short", ["s0", "s1", "s2"]),
        ("w series=exact time_format=%m-%d", ["11-08", "11-01", "10-25"]),
    ],
)
def test_timewrap_names(options: str, names: list[str]) -> None:
    end = 1_700_000_000.0
    rows = [{"_time": end - 86400.0 * day, "count": str(day)} for day in (20, 10, 2)]
    table = run_table(f"timewrap {options}", rows, earliest=0.0, latest=end + 86400)
    assert table.fields == ["_time", *names]


def test_timewrap_of_months_follows_the_calendar() -> None:
    rows = [
        {"_time": t, "count": "1"} for t in (1_698_796_800.0, 1_701_388_800.0)
    ]  # the first of November and December
    found = run("timewrap 1mon", rows, earliest=0.0, latest=1_704_067_200.0)
    assert found == [{"_time": "1701388800", "count_latest_month": "1", "count_1month_before": "1"}]


@pytest.mark.parametrize("written", ["", "5", "soon"])
def test_timewrap_wants_a_period(written: str) -> None:
    with pytest.raises(SearchError, match="period"):
        run(f"timewrap {written}", series(1))


def test_concurrency_counts_what_is_under_way() -> None:
    rows = [{"_time": t, "d": d} for t, d in ((0.0, "10"), (5.0, "2"), (6.0, "0"), (10.0, "1"), (20.0, "5"))]
    assert [row["concurrency"] for row in run("concurrency duration=d", rows)] == ["1", "2", "3", "2", "1"]
    assert run("concurrency duration=d output=n start=_time", rows)[0]["n"] == "1"


def test_gauge() -> None:
    assert run("gauge x 0 10 max", [{"x": "7", "max": "20"}]) == [{"x": "7", "y1": "0", "y2": "10", "y3": "20"}]
    assert run("gauge x", [{"x": "7"}]) == [{"x": "7", "y1": "0", "y2": "100"}]


def test_cofilter_counts_common_owners() -> None:
    rows = [{"u": u, "i": i} for u, i in (("al", "a"), ("al", "b"), ("bo", "a"), ("bo", "b"), ("cy", "a"), ("cy", "c"))]
    found = run("cofilter u i", rows)
    assert found[0] == {"Item 1": "a", "Item 1 u count": "3", "Item 2": "b", "Item 2 u count": "2", "Pair count": "2"}
    assert [row["Pair count"] for row in found] == ["2", "1"]


# --- with an instance -------------------------------------------------------------------------------------------------


def test_transaction_types_are_read_and_overridden(tmp_path: Path) -> None:
    app = tmp_path / "shop"
    (app / "default").mkdir(parents=True)
    (app / "default" / "transactiontypes.conf").write_text(
        '[visit]\nfields = user, shop\nmaxpause = 5s\nstartswith = "enter"\nendswith = eval(door=="out")\n'
    )
    instance = Instance(None, [app], now=NOW)
    instance.store.create_index("main")
    events = [(1.0, "enter", ""), (2.0, "look", ""), (3.0, "leave", "out"), (20.0, "enter", ""), (40.0, "leave", "out")]
    frame = pl.DataFrame(
        {
            "_time": [t for t, _, _ in events],
            "_indextime": [t for t, _, _ in events],
            "_raw": [raw for _, raw, _ in events],
            "door": [door or None for _, _, door in events],
            **{name: ["x"] * len(events) for name in ("host", "source", "sourcetype", "user", "shop")},
            "index": ["main"] * len(events),
        }
    )
    instance.store.append(frame)
    found = instance.search("search index=main | transaction name=visit | table eventcount duration", app="shop")
    assert cells(found.table) == [{"eventcount": "3", "duration": "2"}]
    wider = instance.search("search index=main | transaction name=visit maxpause=30s | table eventcount", app="shop")
    assert cells(wider.table) == [{"eventcount": "2"}, {"eventcount": "3"}]
    with pytest.raises(SearchError, match="nosuch"):
        instance.search("search index=main | transaction name=nosuch", app="shop")
