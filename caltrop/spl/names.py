"""Names of Splunk's eval and aggregation functions, and the nearest one to a misspelt name.

The lists follow the Search Reference ("Evaluation functions", "Statistical and charting functions"). They serve hints and
lints: the parser reads any function name; what can run is for the engine to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

BOOLEAN_FUNCTIONS = frozenset(
    [
        "cidrmatch",
        "in",
        "like",
        "match",
        "searchmatch",
        "true",
        "false",
        "isarray",
        "isbool",
        "isdouble",
        "isint",
        "ismv",
        "isnotnull",
        "isnull",
        "isnum",
        "isobject",
        "isstr",
        "json_valid",
    ]
)

EVAL_FUNCTIONS = BOOLEAN_FUNCTIONS | frozenset(
    [
        "case",
        "coalesce",
        "if",
        "ifnull",
        "lookup",
        "null",
        "nullif",
        "validate",
        "bit_and",
        "bit_or",
        "bit_not",
        "bit_xor",
        "bit_shift_left",
        "bit_shift_right",
        "ipmask",
        "printf",
        "tonumber",
        "tostring",
        "toarray",
        "tobool",
        "todouble",
        "toint",
        "tomv",
        "toobject",
        "md5",
        "sha1",
        "sha256",
        "sha512",
        "hash",
        "now",
        "relative_time",
        "strftime",
        "strptime",
        "time",
        "typeof",
        "json",
        "json_append",
        "json_array",
        "json_array_to_mv",
        "json_delete",
        "json_entries",
        "json_extend",
        "json_extract",
        "json_extract_exact",
        "json_has_key_exact",
        "json_keys",
        "json_object",
        "json_set",
        "json_set_exact",
        "abs",
        "ceil",
        "ceiling",
        "exact",
        "exp",
        "floor",
        "ln",
        "log",
        "pi",
        "pow",
        "round",
        "sigfig",
        "sqrt",
        "sum",
        "commands",
        "mvappend",
        "mvcount",
        "mvdedup",
        "mvfilter",
        "mvfind",
        "mvindex",
        "mvjoin",
        "mvmap",
        "mvrange",
        "mvreverse",
        "mvsort",
        "mvzip",
        "mv_to_json_array",
        "split",
        "avg",
        "max",
        "min",
        "random",
        "len",
        "lower",
        "ltrim",
        "replace",
        "rtrim",
        "spath",
        "substr",
        "trim",
        "upper",
        "urldecode",
        "urlencode",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "cos",
        "cosh",
        "hypot",
        "sin",
        "sinh",
        "tan",
        "tanh",
        "cluster",
        "getfields",
    ]
)

PERCENTILE = re.compile(r"(?:exact|upper)?p(?:erc)?\d+(?:\.\d+)?")  # perc95, p99.9, exactperc50
AGGREGATIONS = frozenset(
    [
        "avg",
        "mean",
        "count",
        "c",
        "distinct_count",
        "dc",
        "estdc",
        "estdc_error",
        "max",
        "median",
        "min",
        "mode",
        "perc",
        "exactperc",
        "upperperc",
        "p",
        "range",
        "stdev",
        "stdevp",
        "sum",
        "sumsq",
        "var",
        "varp",
        "earliest",
        "earliest_time",
        "first",
        "last",
        "latest",
        "latest_time",
        "list",
        "values",
        "rate",
        "rate_avg",
        "rate_sum",
        "per_day",
        "per_hour",
        "per_minute",
        "per_second",
        "sparkline",
        "eval",
    ]
)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The most similar candidate, or None when none is similar."""
    found = get_close_matches(name[:100], list(candidates), n=1, cutoff=0.6)
    return found[0] if found else None


@lru_cache(maxsize=1024)
def suggest_eval_function(name: str) -> str | None:
    return nearest(name.lower(), EVAL_FUNCTIONS)


@lru_cache(maxsize=1024)
def suggest_aggregation(name: str) -> str | None:
    return nearest(name.lower(), AGGREGATIONS)
