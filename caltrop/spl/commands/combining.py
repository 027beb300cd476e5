"""Commands that combine searches, read stored results or write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Node, Word
from caltrop.spl.kinds import BOOL, INT, LIST, STR
from caltrop.spl.syntax import Words, reader, register

_SUBSEARCH = {"extendtimerange": BOOL, "maxtime": INT, "maxout": INT, "timeout": INT}

register(
    "join",
    options={
        "type": STR, "usetime": BOOL, "earlier": BOOL, "overwrite": BOOL, "max": INT, "left": STR, "right": STR,
        **_SUBSEARCH,
    },
    words=Words.FIELDS,
    clauses={"where": Words.WORDS},
)  # fmt: skip
register("append", options=_SUBSEARCH)
register("appendcols", options={"override": BOOL, **_SUBSEARCH})
register("appendpipe", options={"run_in_preview": BOOL})
register("union", options={"maxout": INT, "maxtime": INT, "timeout": INT})
register("multisearch", "set")
register("selfjoin", options={"overwrite": BOOL, "max": INT, "keepsingle": BOOL}, words=Words.FIELDS)
register("map", options={"search": STR, "maxsearches": INT})
register(
    "diff",
    options={"position1": INT, "position2": INT, "attribute": STR, "diffheader": BOOL, "context": BOOL, "maxlen": INT},
)

_LOOKUP = {"local": BOOL, "update": BOOL, "event_time_field": STR}
register(
    "lookup", options=_LOOKUP, words=Words.FIELDS, clauses={"output": Words.FIELDS, "outputnew": Words.FIELDS}, first=1
)
register(
    "inputlookup",
    options={"append": BOOL, "strict": BOOL, "start": INT, "max": INT},
    clauses={"where": Words.SEARCH},
)
register(
    "inputcsv",
    options={"append": BOOL, "strict": BOOL, "start": INT, "max": INT, "dispatch": BOOL, "events": BOOL},
    clauses={"where": Words.SEARCH},
)
register(
    "outputlookup",
    options={
        "append": BOOL, "createinapp": BOOL, "create_empty": BOOL, "override_if_empty": BOOL, "max": INT,
        "key_field": STR, "create_context": STR, "allow_updates": BOOL, "output_format": STR,
    },
)  # fmt: skip
register(
    "outputcsv",
    options={
        "append": BOOL,
        "create_empty": BOOL,
        "override_if_empty": BOOL,
        "dispatch": BOOL,
        "usexml": BOOL,
        "singlefile": BOOL,
    },
)
register("outputtext", options={"usexml": BOOL})
register("gentimes", options={"start": STR, "end": STR, "increment": STR})
register(
    "metadata", options={"type": STR, "splunk_server": STR, "splunk_server_group": STR, "datatype": STR, "index": STR}
)
register("dbinspect", options={"index": STR, "span": STR, "timeformat": STR, "corruptonly": BOOL, "cached": BOOL})
register(
    "eventcount",
    options={"index": STR, "summarize": BOOL, "report_size": BOOL, "list_vix": BOOL, "list_federated_remote": BOOL},
)
register(
    "typeahead",
    options={
        "prefix": STR,
        "count": INT,
        "max_time": INT,
        "index": STR,
        "collapse": BOOL,
        "starttimeu": STR,
        "endtimeu": STR,
    },
)
register("walklex", options={"type": STR, "prefix": STR, "pattern": STR, "index": STR, "splunk_server": STR})
register("savedsearch", options={"nosubstitution": BOOL}, words=Words.WORDS)
register(
    "loadjob",
    options={"savedsearch": STR, "events": BOOL, "job_delegate": STR, "artifact_offset": INT, "ignore_running": BOOL},
)
register(
    "datamodel",
    options={
        "strict_fields": BOOL,
        "allow_old_summaries": BOOL,
        "summariesonly": BOOL,
        "include_reduced_buckets": BOOL,
    },
)
register("datamodelsimple", options={"type": STR, "datamodel": STR, "object": STR, "nodename": STR})
register(
    "collect", "stash", "summaryindex", "sumindex",
    options={
        "index": STR, "file": STR, "spool": BOOL, "addtime": BOOL, "marker": STR, "testmode": BOOL, "host": STR,
        "source": STR, "sourcetype": STR, "run_in_preview": BOOL, "uselb": BOOL, "output_format": STR,
        "format": STR, "addinfo": BOOL,
    },
)  # fmt: skip
register(
    "mcollect",
    "meventcollect",
    options={
        "index": STR,
        "file": STR,
        "split": STR,
        "spool": BOOL,
        "prefix_field": STR,
        "host": STR,
        "source": STR,
        "sourcetype": STR,
    },
    words=Words.FIELDS,
)
register("sendalert", options={"results_link": STR, "results_path": STR})
register(
    "sendemail",
    options={
        "to": LIST, "cc": LIST, "bcc": LIST, "from": STR, "subject": STR, "message": STR, "format": STR,
        "inline": BOOL, "sendresults": BOOL, "sendpdf": BOOL, "sendcsv": BOOL, "priority": STR, "server": STR,
        "graceful": BOOL, "content_type": STR, "use_ssl": BOOL, "use_tls": BOOL, "paperorientation": STR,
        "papersize": STR, "pdfview": STR, "footer": STR, "width_sort_columns": BOOL, "maxinputs": INT, "maxtime": STR,
    },
)  # fmt: skip
register(
    "require",
    "redistribute",
    "noop",
    "copyresults",
    "tscollect",
    "dump",
    "script",
    "run",
    "runshellscript",
    "x11",
    "inputintelligence",
)
register("localize", options={"maxpause": STR, "timeafter": STR, "timebefore": STR})
register("abstract", options={"maxterms": INT, "maxlines": INT})
register(
    "pivot",
    clauses=dict.fromkeys(
        (
            "splitrow",
            "splitcol",
            "filter",
            "limit",
            "sort",
            "rowsummary",
            "colsummary",
            "showother",
            "numcols",
            "range",
            "period",
        ),
        Words.WORDS,
    ),
)

_DATASET = re.compile(r"(\w+)\s*[:=]\s*(?=[\w\"'`$.])|(\w+)\s+(?=[\w\"'`$.])")


_PATH = re.compile(r"/[^\s|\[\]\"`]*")


@reader(
    "rest",
    options={
        "count": INT,
        "splunk_server": STR,
        "splunk_server_group": STR,
        "timeout": INT,
        "strict": BOOL,
        "earliest_time": STR,
        "latest_time": STR,
        "f": STR,
        "search": STR,
    },
)
def rest(args: Arguments) -> Iterator[Node]:
    """One Word, the path (which may hold = and ?), and options in any order; those unknown go into the query."""
    while not args.end():
        start = args.cursor.pos
        if path := args.cursor.match(_PATH):
            yield Word(text=path[0], span=args.cursor.span(start))
        else:
            yield args.option() or args.word()


@reader("from")
def from_(args: Arguments) -> Iterator[Node]:
    """Word(kind), Word(name): `datamodel:"X.Y"`, `datamodel X.Y`, `lookup:name`; further words follow."""
    cursor = args.cursor
    found = cursor.looking_at(_DATASET)
    if found:
        start = cursor.pos
        cursor.pos = start + len(found[1] or found[2])
        yield Word(text=found[1] or found[2], span=cursor.span(start))
        cursor.pos = found.end()
        name = args.word()
        while isinstance(name, Word) and cursor.text.startswith((".", '."'), cursor.pos):  # "Model"."Dataset"
            more = args.word()
            if not isinstance(more, Word):
                break
            name = Word(text=name.text + more.text, quoted=True, span=cursor.span(name.span.start))
        yield name
    while not args.end():
        yield args.subsearch() if cursor.peek() == "[" else args.option() or args.word()
