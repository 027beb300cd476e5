"""Commands that combine searches, read stored results or write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from caltrop.spl.arguments import Arguments
from caltrop.spl.ast import Alias, Clause, Command, FieldName, Node, Word
from caltrop.spl.declaration import Words, reader, register
from caltrop.spl.facts import Advice, adds, fields_named, named_and, nothing, same
from caltrop.spl.fieldsets import OPEN, Fields
from caltrop.spl.kinds import BOOL, INT, LIST, STR

_JOIN = Advice(
    "join",
    "join silently cuts its subsearch (50,000 rows, 60 seconds)",
    "search both sides at once and bring them together with stats … by",
)


def _lookup(command: Command, fields: Fields) -> Fields:
    outputs = [p for p in command.of(Clause) if p.keyword in ("output", "outputnew")]
    names: list[str] = []
    for clause in outputs:
        for node in clause.parts:
            if isinstance(node, Alias):
                names.append(node.target.name)
            elif isinstance(node, FieldName):
                names.append(node.name)
            else:
                return OPEN
    return fields.adding(names) if names else OPEN


_SUBSEARCH = {"extendtimerange": BOOL, "maxtime": INT, "maxout": INT, "timeout": INT}

register(
    "join",
    kind="dataset",
    options={
        "type": STR,
        "usetime": BOOL,
        "earlier": BOOL,
        "overwrite": BOOL,
        "max": INT,
        "left": STR,
        "right": STR,
        **_SUBSEARCH,
    },
    words=Words.FIELDS,
    clauses={"where": Words.WORDS},
    combines="beside",
    advice=(_JOIN,),
)
_APPEND = {"run_in_preview": BOOL, **_SUBSEARCH}  # of the older manuals, and still in use: nothing here is a preview
register("append", kind="dataset", closed=True, options=_APPEND, reads=nothing, combines="beside")
register("appendcols", kind="dataset", closed=True, options={"override": BOOL, **_APPEND}, combines="beside")
register("appendpipe", kind="dataset", options={"run_in_preview": BOOL}, combines="through")
register(
    "union", kind="dataset", options={"maxout": INT, "maxtime": INT, "timeout": INT}, reads=nothing, combines="beside"
)
register("multisearch", kind="generating", combines="beside")
register("set", brackets=True, kind="generating")
register(
    "selfjoin",
    kind="dataset",
    closed=True,
    options={"overwrite": BOOL, "max": INT, "keepsingle": BOOL},
    words=Words.FIELDS,
    gives=same,
)
register("map", brackets=True, kind="dataset", options={"search": STR, "maxsearches": INT})
register(
    "diff",
    kind="transforming",
    options={"position1": INT, "position2": INT, "attribute": STR, "diffheader": BOOL, "context": BOOL, "maxlen": INT},
)

_LOOKUP = {"local": BOOL, "update": BOOL, "event_time_field": STR}
register(
    "lookup",
    kind="streaming",
    options=_LOOKUP,
    words=Words.FIELDS,
    clauses={"output": Words.FIELDS, "outputnew": Words.FIELDS},
    first=1,
    reads=fields_named,
    gives=_lookup,
)
register(
    "inputlookup",
    kind="generating",
    closed=True,
    options={"append": BOOL, "strict": BOOL, "start": INT, "max": INT},
    clauses={"where": Words.SEARCH},
)
register(
    "inputcsv",
    kind="generating",
    options={"append": BOOL, "strict": BOOL, "start": INT, "max": INT, "dispatch": BOOL, "events": BOOL},
    clauses={"where": Words.SEARCH},
)
register(
    "outputlookup",
    kind="dataset",
    closed=True,
    options={
        "append": BOOL,
        "createinapp": BOOL,
        "create_empty": BOOL,
        "override_if_empty": BOOL,
        "max": INT,
        "key_field": STR,
        "create_context": STR,
        "allow_updates": BOOL,
        "output_format": STR,
    },
    gives=same,
)
register(
    "outputcsv",
    kind="dataset",
    options={
        "append": BOOL,
        "create_empty": BOOL,
        "override_if_empty": BOOL,
        "dispatch": BOOL,
        "usexml": BOOL,
        "singlefile": BOOL,
    },
    gives=same,
)
register("outputtext", kind="transforming", options={"usexml": BOOL})
register("gentimes", kind="generating", closed=True, options={"start": STR, "end": STR, "increment": STR})
register(
    "metadata",
    kind="generating",
    closed=True,
    options={"type": STR, "splunk_server": STR, "splunk_server_group": STR, "datatype": STR, "index": STR},
)
register(
    "dbinspect",
    kind="generating",
    options={"index": STR, "span": STR, "timeformat": STR, "corruptonly": BOOL, "cached": BOOL},
)
register(
    "eventcount",
    kind="generating",
    closed=True,
    options={"index": STR, "summarize": BOOL, "report_size": BOOL, "list_vix": BOOL, "list_federated_remote": BOOL},
)
register(
    "typeahead",
    kind="generating",
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
register(
    "walklex",
    kind="generating",
    options={"type": STR, "prefix": STR, "pattern": STR, "index": STR, "splunk_server": STR},
)
register("savedsearch", kind="generating", options={"nosubstitution": BOOL}, words=Words.WORDS)
register(
    "loadjob",
    kind="generating",
    options={"savedsearch": STR, "events": BOOL, "job_delegate": STR, "artifact_offset": INT, "ignore_running": BOOL},
)
register(
    "datamodel",
    kind="generating",
    options={
        "strict_fields": BOOL,
        "allow_old_summaries": BOOL,
        "summariesonly": BOOL,
        "include_reduced_buckets": BOOL,
    },
)
register("datamodelsimple", options={"type": STR, "datamodel": STR, "object": STR, "nodename": STR})
register(
    "collect",
    "stash",
    "summaryindex",
    "sumindex",
    kind="dataset",
    options={
        "index": STR,
        "file": STR,
        "spool": BOOL,
        "addtime": BOOL,
        "marker": STR,
        "testmode": BOOL,
        "host": STR,
        "source": STR,
        "sourcetype": STR,
        "run_in_preview": BOOL,
        "uselb": BOOL,
        "output_format": STR,
        "format": STR,
        "addinfo": BOOL,
    },
    gives=adds("_raw"),
)
_METRICS = {
    "index": STR,
    "file": STR,
    "split": STR,
    "spool": BOOL,
    "prefix_field": STR,
    "host": STR,
    "source": STR,
    "sourcetype": STR,
}
register(
    "mcollect",
    kind="dataset",
    options=_METRICS,
    words=Words.FIELDS,
)
register(
    "meventcollect",
    kind="streaming",
    options=_METRICS,
    words=Words.FIELDS,
)
register("sendalert", kind="dataset", options={"results_link": STR, "results_path": STR}, gives=same)
register(
    "sendemail",
    kind="dataset",
    options={
        "to": LIST,
        "cc": LIST,
        "bcc": LIST,
        "from": STR,
        "subject": STR,
        "message": STR,
        "format": STR,
        "inline": BOOL,
        "sendresults": BOOL,
        "sendpdf": BOOL,
        "sendcsv": BOOL,
        "priority": STR,
        "server": STR,
        "graceful": BOOL,
        "content_type": STR,
        "use_ssl": BOOL,
        "use_tls": BOOL,
        "paperorientation": STR,
        "papersize": STR,
        "pdfview": STR,
        "footer": STR,
        "width_sort_columns": BOOL,
        "maxinputs": INT,
        "maxtime": STR,
    },
    gives=same,
)
register("require", kind="dataset", reads=nothing, gives=same)
register("redistribute", "noop", kind="streaming", reads=nothing, gives=same)
register(
    "tscollect",
    kind="transforming",
    closed=True,
    options={"namespace": STR, "squashcase": BOOL, "keepresults": BOOL},
)
register("copyresults", "dump", "script", "run", "runshellscript", "inputintelligence")
register("x11", kind="dataset")
register("localize", kind="transforming", options={"maxpause": STR, "timeafter": STR, "timebefore": STR})
register(
    "abstract", kind="centralized", options={"maxterms": INT, "maxlines": INT}, reads=named_and("_raw"), gives=same
)
register(
    "pivot",
    kind="generating",
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
    kind="generating",
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


@reader("from", kind="generating")
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
