"""Commands that aggregate."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.spl.ast import Aggregation, Clause, Command, Directive, FieldName, MacroCall, Option
from caltrop.spl.declaration import Words, always, register
from caltrop.spl.facts import SUMMARY, Advice, adds, named, named_and, nothing
from caltrop.spl.fieldsets import OPEN, Fields, closed
from caltrop.spl.kinds import BOOL, EVAL, EXPR, FLOAT, INT, LIST, STR

_reported = named_and(SUMMARY)


def _by(command: Command, *keywords: str) -> Iterator[str]:
    for part in command.of(Clause):
        if part.keyword in keywords:
            for node in part.parts:
                if isinstance(node, FieldName):
                    yield node.name
                elif isinstance(node, Directive):  # PREFIX(kbps=)
                    yield node.text
                elif isinstance(node, Option) and node.name == "span":
                    yield "_time"


def _aggregated(command: Command) -> Iterator[str]:
    for node in command.parts:
        if isinstance(node, Aggregation):
            yield node.alias or node.text
            if (
                node.argument is None and node.alias is None and node.function not in ("c", "count")
            ):  # `stats avg` is of every field
                yield f"{node.text}(*)"


def _all_through(command: Command) -> bool:
    """`values(*) as *` hands every field through."""
    return "*" in _aggregated(command)


def _by_macro(command: Command) -> bool:
    """A macro among the aggregations or the BY fields may bring any."""
    clauses = [node for part in command.of(Clause) if part.keyword in ("by", "as") for node in part.parts]
    loose = [n for n in command.parts if isinstance(n, MacroCall)] if command.name != "tstats" else []
    return any(isinstance(node, MacroCall) for node in [*clauses, *loose])


def _stats(command: Command, fields: Fields) -> Fields:
    if _by_macro(command):
        return OPEN
    names = {*_aggregated(command), *_by(command, "by", "groupby")}
    if "*" in names:
        return OPEN if fields.open else fields.adding(names - {"*"})
    return closed(names)


def _tstats(command: Command, fields: Fields) -> Fields:
    if _by_macro(command) or _all_through(command) or command.option("prestats") or command.option("append"):
        return OPEN
    return closed([*_aggregated(command), *_by(command, "by", "groupby")])


def _beside(command: Command, fields: Fields) -> Fields:
    return OPEN if _all_through(command) or _by_macro(command) else fields.adding(_aggregated(command))


def _chart(command: Command, fields: Fields) -> Fields:
    split = [*_by(command, "by"), *_by(command, "over")]
    if len(split) > (0 if command.name == "timechart" else 1) or _by_macro(command) or _all_through(command):
        return OPEN
    time = ["_time", "_span", "_spandays"] if command.name == "timechart" else []
    return closed([*_aggregated(command), *split, *time])


def _top(command: Command, fields: Fields) -> Fields:
    extra = [str(command.option("countfield") or "count"), str(command.option("percentfield") or "percent")]
    own = [n.name for n in command.of(FieldName)]
    return closed([*own, *_by(command, "by"), *extra, "_tc"])


def _untable(command: Command, fields: Fields) -> Fields:
    return closed([n.name for n in command.of(FieldName)])


_TRANSACTION = Advice(
    "transaction", "transaction keeps events in memory and evicts silently", "use stats … by, or streamstats"
)


_STATS = {"partitions": INT, "allnum": BOOL, "delim": STR, "dedup_splitvals": BOOL, "dedup_splitval": BOOL}
_BIN = {"bins": INT, "span": STR, "minspan": STR, "start": STR, "end": STR, "aligntime": STR}
_CHART = {
    "agg": STR,
    "cont": BOOL,
    "dedup_splitvals": BOOL,
    "dedup_splitval": BOOL,  # the Search Reference writes both
    "fixedrange": BOOL,
    "format": STR,
    "limit": FLOAT,
    "nullstr": STR,
    "otherstr": STR,
    "partial": BOOL,
    "sep": STR,
    "useother": BOOL,
    "usenull": BOOL,
    "partitions": INT,
    "timestep": STR,
    **_BIN,
}
_TOP = {
    "countfield": STR,
    "limit": INT,
    "otherstr": STR,
    "percentfield": STR,
    "showcount": BOOL,
    "showperc": BOOL,
    "useother": BOOL,
}
_BEHIND_WHERE = frozenset(
    {"span", "prestats", "append", "chart", "every", "fillnull_value", "summariesonly", "backfill"}
)
_BY = {"by": Words.FIELDS}

register(
    "stats",
    kind="transforming",
    closed=True,
    options=_STATS,
    words=Words.AGGREGATIONS,
    clauses=_BY,
    reads=_reported,
    keeps_only_named=always,
    gives=_stats,
    groups=True,
)
register(
    "sistats",
    kind="transforming",
    closed=True,
    options=_STATS,
    words=Words.AGGREGATIONS,
    clauses=_BY,
    reads=_reported,
    keeps_only_named=always,
)
register(
    "eventstats",
    kind="dataset",
    closed=True,
    options={"allnum": BOOL, "limit": INT},  # taken and without effect (measured)
    words=Words.AGGREGATIONS,
    clauses=_BY,
    reads=named,
    gives=_beside,
)
register(
    "streamstats",
    kind="centralized",
    closed=True,
    options={
        "allnum": BOOL,
        "current": BOOL,
        "global": BOOL,
        "reset_after": EVAL,
        "reset_before": EVAL,
        "reset_on_change": BOOL,
        "time_window": STR,
        "window": INT,
    },
    words=Words.AGGREGATIONS,
    clauses=_BY,
    reads=named,
    gives=_beside,
)
register(
    "chart",
    "timechart",
    kind="transforming",
    closed=True,
    options=_CHART,
    words=Words.AGGREGATIONS,
    clauses={"by": Words.FIELDS, "over": Words.FIELDS, "where": Words.WORDS},
    reads=_reported,
    keeps_only_named=always,
    gives=_chart,
)
register(
    "sichart",
    "sitimechart",
    kind="transforming",
    closed=True,
    options=_CHART,
    words=Words.AGGREGATIONS,
    clauses={"by": Words.FIELDS, "over": Words.FIELDS, "where": Words.WORDS},
    reads=_reported,
    keeps_only_named=always,
)
register(
    "top",
    "rare",
    kind="transforming",
    closed=True,
    options=_TOP,
    words=Words.FIELDS,
    clauses=_BY,
    number="limit",
    reads=_reported,
    keeps_only_named=always,
    gives=_top,
)
register(
    "sitop",
    "sirare",
    kind="transforming",
    closed=True,
    options=_TOP,
    words=Words.FIELDS,
    clauses=_BY,
    number="limit",
    reads=_reported,
    keeps_only_named=always,
)
register(
    "geostats",
    kind="transforming",
    closed=True,
    options={
        "translatetoxy": BOOL,
        "latfield": STR,
        "longfield": STR,
        "outputlatfield": STR,
        "outputlongfield": STR,
        "globallimit": INT,
        "locallimit": INT,
        "binspanlat": FLOAT,
        "binspanlong": FLOAT,
        "maxzoomlevel": INT,
    },
    words=Words.AGGREGATIONS,
    clauses=_BY,
    reads=named_and("lat", "lon"),
    keeps_only_named=always,
)
register(
    "transaction",
    kind="centralized",
    closed=True,
    options={
        "name": STR,
        "maxspan": STR,
        "maxpause": STR,
        "maxevents": INT,
        "startswith": EXPR,
        "endswith": EXPR,
        "connected": BOOL,
        "unifyends": BOOL,
        "keeporphans": BOOL,
        "keepevicted": BOOL,
        "maxopentxn": INT,
        "maxopenevents": INT,
        "mvlist": LIST,
        "delim": STR,
        "nullstr": STR,
        "mvraw": BOOL,
        "fields": LIST,
        "closest_rule": BOOL,
    },
    words=Words.FIELDS,
    gives=adds("duration", "eventcount", "closed_txn", "field_match_sum", "linecount", "_txn_orphan"),
    advice=(_TRANSACTION,),
)
register("searchtxn")
register(
    "xyseries",
    kind="transforming",
    options={"grouped": BOOL, "sep": STR, "format": STR},
    words=Words.FIELDS,
    reads=named,
    keeps_only_named=always,
)
register(
    "maketable",
    kind="transforming",
    options={"grouped": BOOL, "sep": STR, "format": STR},
    words=Words.FIELDS,
    reads=named,
    keeps_only_named=always,
)
register("untable", kind="transforming", words=Words.FIELDS, gives=_untable)
register(
    "transpose",
    kind="transforming",
    options={"column_name": STR, "header_field": STR, "include_empty": BOOL, "int": INT},
    number="int",
)
register(
    "contingency",
    "counttable",
    "ctable",
    kind="transforming",
    closed=True,
    options={
        "maxrows": INT,
        "maxcols": INT,
        "mincolcover": FLOAT,
        "minrowcover": FLOAT,
        "usetotal": BOOL,
        "totalstr": STR,
    },
    words=Words.FIELDS,
    reads=named,
    keeps_only_named=always,
)
register("fieldsummary", kind="transforming", closed=True, options={"maxvals": INT}, words=Words.FIELDS)
register("trendline", kind="centralized", words=Words.TRENDS, reads=named, gives=_beside)
register(
    "tstats",
    kind="generating",
    options={
        "prestats": BOOL,
        "local": BOOL,
        "append": BOOL,
        "summariesonly": BOOL,
        "include_reduced_buckets": BOOL,
        "allow_old_summaries": BOOL,
        "chunk_size": INT,
        "fillnull_value": STR,
        "datamodel": STR,
        "sid": STR,
        "span": STR,
        "use_summary_index_values": BOOL,
        "every": STR,
    },
    words=Words.AGGREGATIONS,
    clauses={"from": Words.WORDS, "where": Words.SEARCH, "by": Words.FIELDS, "groupby": Words.FIELDS},
    behind_where=_BEHIND_WHERE,
    reads=nothing,
    gives=_tstats,
    groups=True,
)
register(
    "mstats",
    kind="generating",
    options={
        "prestats": BOOL,
        "append": BOOL,
        "backfill": BOOL,
        "update_period": INT,
        "fillnull_value": STR,
        "chart": BOOL,
        "chart.limit": INT,
        "chart.agg": STR,
        "span": STR,
        "every": STR,
        "chunk_size": INT,
    },
    words=Words.AGGREGATIONS,
    clauses={"where": Words.SEARCH, "by": Words.FIELDS, "groupby": Words.FIELDS},
    behind_where=_BEHIND_WHERE,
    groups=True,
)
register(
    "mcatalog",
    kind="generating",
    options={"prestats": BOOL, "append": BOOL},
    words=Words.AGGREGATIONS,
    clauses={"where": Words.SEARCH, "by": Words.FIELDS, "groupby": Words.FIELDS},
    behind_where=_BEHIND_WHERE,
)
register(
    "mpreview",
    "msearch",
    kind="generating",
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
