"""Commands that aggregate."""

from __future__ import annotations

from caltrop.spl.kinds import BOOL, EVAL, EXPR, FLOAT, INT, LIST, STR
from caltrop.spl.syntax import Words, register

_STATS = {"partitions": INT, "allnum": BOOL, "delim": STR, "dedup_splitvals": BOOL}
_BIN = {"bins": INT, "span": STR, "minspan": STR, "start": STR, "end": STR, "aligntime": STR}
_CHART = {
    "agg": STR, "cont": BOOL, "dedup_splitvals": BOOL, "fixedrange": BOOL, "format": STR, "limit": FLOAT, "nullstr": STR,
    "otherstr": STR, "partial": BOOL, "sep": STR, "useother": BOOL, "usenull": BOOL, "partitions": INT, "timestep": STR,
    **_BIN,
}  # fmt: skip
_BEHIND_WHERE = frozenset(
    {"span", "prestats", "append", "chart", "every", "fillnull_value", "summariesonly", "backfill"}
)
_BY = {"by": Words.FIELDS}

register("stats", "sistats", options=_STATS, words=Words.AGGREGATIONS, clauses=_BY)
register("eventstats", options={"allnum": BOOL}, words=Words.AGGREGATIONS, clauses=_BY)
register(
    "streamstats",
    options={
        "allnum": BOOL, "current": BOOL, "global": BOOL, "reset_after": EVAL, "reset_before": EVAL,
        "reset_on_change": BOOL, "time_window": STR, "window": INT,
    },
    words=Words.AGGREGATIONS,
    clauses=_BY,
)  # fmt: skip
register(
    "chart", "sichart", "timechart", "sitimechart",
    options=_CHART,
    words=Words.AGGREGATIONS,
    clauses={"by": Words.FIELDS, "over": Words.FIELDS, "where": Words.WORDS},
)  # fmt: skip
register(
    "top", "rare", "sitop", "sirare",
    options={
        "countfield": STR, "limit": INT, "otherstr": STR, "percentfield": STR, "showcount": BOOL, "showperc": BOOL,
        "useother": BOOL,
    },
    words=Words.FIELDS,
    clauses=_BY,
    number="limit",
)  # fmt: skip
register(
    "geostats",
    options={
        "translatetoxy": BOOL, "latfield": STR, "longfield": STR, "outputlatfield": STR, "outputlongfield": STR,
        "globallimit": INT, "locallimit": INT, "binspanlat": FLOAT, "binspanlong": FLOAT, "maxzoomlevel": INT,
    },
    words=Words.AGGREGATIONS,
    clauses=_BY,
)  # fmt: skip
register(
    "transaction",
    options={
        "name": STR, "maxspan": STR, "maxpause": STR, "maxevents": INT, "startswith": EXPR, "endswith": EXPR,
        "connected": BOOL, "unifyends": BOOL, "keeporphans": BOOL, "keepevicted": BOOL, "maxopentxn": INT,
        "maxopenevents": INT, "mvlist": LIST, "delim": STR, "nullstr": STR, "mvraw": BOOL, "fields": LIST,
        "closest_rule": BOOL,
    },
    words=Words.FIELDS,
)  # fmt: skip
register("searchtxn")
register("xyseries", options={"grouped": BOOL, "sep": STR, "format": STR}, words=Words.FIELDS)
register("maketable", options={"grouped": BOOL, "sep": STR, "format": STR}, words=Words.FIELDS)
register("untable", words=Words.FIELDS)
register(
    "transpose", options={"column_name": STR, "header_field": STR, "include_empty": BOOL, "int": INT}, number="int"
)
register(
    "contingency", "counttable", "ctable",
    options={
        "maxrows": INT, "maxcols": INT, "mincolcover": FLOAT, "minrowcover": FLOAT, "usetotal": BOOL, "totalstr": STR,
    },
    words=Words.FIELDS,
)  # fmt: skip
register("fieldsummary", options={"maxvals": INT}, words=Words.FIELDS)
register("trendline", words=Words.AGGREGATIONS)
register(
    "tstats",
    options={
        "prestats": BOOL, "local": BOOL, "append": BOOL, "summariesonly": BOOL, "include_reduced_buckets": BOOL,
        "allow_old_summaries": BOOL, "chunk_size": INT, "fillnull_value": STR, "datamodel": STR, "sid": STR,
        "span": STR, "use_summary_index_values": BOOL, "every": STR,
    },
    words=Words.AGGREGATIONS,
    clauses={"from": Words.WORDS, "where": Words.SEARCH, "by": Words.FIELDS, "groupby": Words.FIELDS}, behind_where=_BEHIND_WHERE)  # fmt: skip
register(
    "mstats",
    options={
        "prestats": BOOL, "append": BOOL, "backfill": BOOL, "update_period": INT, "fillnull_value": STR,
        "chart": BOOL, "chart.limit": INT, "chart.agg": STR, "span": STR, "every": STR, "chunk_size": INT,
    },
    words=Words.AGGREGATIONS,
    clauses={"where": Words.SEARCH, "by": Words.FIELDS, "groupby": Words.FIELDS}, behind_where=_BEHIND_WHERE)  # fmt: skip
register(
    "mcatalog",
    options={"prestats": BOOL, "append": BOOL},
    words=Words.AGGREGATIONS,
    clauses={"where": Words.SEARCH, "by": Words.FIELDS, "groupby": Words.FIELDS},
    behind_where=_BEHIND_WHERE,
)
register(
    "mpreview",
    "msearch",
    options={
        "filter": STR,
        "splunk_server": STR,
        "earliest": STR,
        "latest": STR,
        "chunk_size": INT,
        "target_per_timeseries": INT,
        "index": STR,
    },
)
