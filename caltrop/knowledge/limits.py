"""limits.conf: the numbers that bound what searches give. One declaration a number; who keeps to it asks `Limits`.

Names, defaults and units are those of the page "limits.conf" of the Admin Manual; `system/default/limits.conf` shows them. What
bounds time, memory and load of a server alone is no part of a search's result, and is not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from caltrop.knowledge.configuration import MergedStanza

LARGEST = 1 << 31  # beyond it there is no difference


@dataclass(frozen=True, slots=True)
class Limit:
    """One setting. A number below `least` cannot be meant, and the default is used."""

    stanza: str
    name: str
    default: int
    unit: str
    least: int = 0


MAXRESULTROWS = Limit("searchresults", "maxresultrows", 50_000, "rows that a command is handed at once", 1)
SUBSEARCH_MAXOUT = Limit("subsearch", "maxout", 10_000, "results of a subsearch")
SUBSEARCH_MAXTIME = Limit("subsearch", "maxtime", 60, "seconds that a subsearch may take")
SUBSEARCH_DEPTH = Limit("search", "max_subsearch_depth", 8, "subsearches inside one another", 1)
JOIN_MAXOUT = Limit("join", "subsearch_maxout", 50_000, "results of the subsearch of join")
JOIN_MAXTIME = Limit("join", "subsearch_maxtime", 60, "seconds that the subsearch of join may take")
LIST_MAXSIZE = Limit("stats", "list_maxsize", 100, "values of list()", 1)
SPARKLINE_MAXSIZE = Limit("stats", "sparkline_maxsize", 100, "points of a sparkline", 1)
STREAM_WINDOW = Limit("stats", "max_stream_window", 10_000, "rows of a window of streamstats", 1)
TOP_ROWS = Limit("top", "maxresultrows", 50_000, "results of top", 1)
RARE_ROWS = Limit("rare", "maxresultrows", 50_000, "results of rare", 1)
KV_FIELDS = Limit("kv", "limit", 100, "fields of an event by automatic extraction of pairs (0: all)")
KV_CHARACTERS = Limit("kv", "maxchars", 10_240, "characters of an event that are looked at for pairs")
KV_COLUMNS = Limit("kv", "maxcols", 512, "columns of a table in an event", 1)
SPATH_CUTOFF = Limit("spath", "extraction_cutoff", 5_000, "characters from which spath takes all fields")
OPEN_TRANSACTIONS = Limit("transactions", "maxopentxn", 5_000, "transactions open at once", 1)
OPEN_EVENTS = Limit("transactions", "maxopenevents", 100_000, "events of open transactions", 1)
BINS = Limit("discretize", "maxbins", 50_000, "bins that bin may make", 2)
TIME_BINS = Limit("discretize", "default_time_bins", 100, "bins of time where none are asked for", 1)
LOOKUP_MATCHES = Limit("lookup", "max_matches", 1_000, "matches of a lookup for one event", 1)
CONTINGENCY = Limit("ctable", "maxvalues", 1_000, "rows and columns of contingency", 1)
AUTOREGRESS_STEP = Limit("autoregress", "maxp", 10_000, "rows that autoregress may look back", 1)
AUTOREGRESS_STEPS = Limit("autoregress", "maxrange", 1_000, "steps of a range of autoregress", 1)
ASSOCIATE_FIELDS = Limit("associate", "maxfields", 10_000, "fields that associate looks at", 2)
CORRELATE_FIELDS = Limit("correlate", "maxfields", 1_000, "fields that correlate looks at", 1)
KMEANS_CLUSTERS = Limit("kmeans", "maxkvalue", 1_000, "clusters of kmeans", 1)
KMEANS_RANGE = Limit("kmeans", "maxkrange", 100, "numbers of clusters of a range of kmeans", 1)
METADATA_ROWS = Limit("metadata", "maxcount", 100_000, "results of metadata", 1)
SET_ROWS = Limit("set", "maxresultrows", 50_000, "results of each subsearch that set reads", 1)
TYPEAHEAD_ROWS = Limit("typeahead", "maxcount", 1_000, "results of typeahead", 1)
TYPER_LENGTH = Limit("typer", "maxlen", 10_000, "characters of an event that typer looks at", 1)
MVEXPAND_MEMORY = Limit("mvexpand", "max_mem_usage_mb", 500, "MB that the rows of mvexpand may take (0: no limit)")

ALL: tuple[Limit, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Limit))


@dataclass(frozen=True, slots=True)
class Unusable:
    """How a limit is set that cannot be meant."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


class Limits:
    """The limits of one configuration."""

    def __init__(self, stanzas: Mapping[str, MergedStanza]) -> None:
        self._stanzas = stanzas
        self._known: dict[Limit, tuple[int, Unusable | None]] = {}

    def of(self, limit: Limit) -> tuple[int, Unusable | None]:
        """The number, and what is wrong with how it is set (the default is used then)."""
        if limit not in self._known:
            self._known[limit] = self._read(limit)
        return self._known[limit]

    def __getitem__(self, limit: Limit) -> int:
        return self.of(limit)[0]

    def faults(self) -> list[Unusable]:
        """What is wrong with any of them."""
        return [fault for limit in ALL if (fault := self.of(limit)[1]) is not None]

    def _read(self, limit: Limit) -> tuple[int, Unusable | None]:
        stanza = self._stanzas.get(limit.stanza)
        setting = None if stanza is None else stanza.settings.get(limit.name)
        if setting is None:
            return limit.default, None
        text = setting.value.strip()
        number = int(text) if re.fullmatch(r"\d{1,20}", text) else -1
        if number < limit.least:
            what = f"[{limit.stanza}] {limit.name} = {text}: expected a whole number from {limit.least} up; {limit.default} is used"
            return limit.default, Unusable(setting.place, what)
        return min(number, LARGEST), None


def shown() -> str:
    """The conf file that shows the defaults."""
    lines = ["# The defaults of caltrop/knowledge/limits.py, which declares what each number bounds."]
    stanza = ""
    for limit in ALL:
        if limit.stanza != stanza:
            lines += ["", f"[{limit.stanza}]"]
            stanza = limit.stanza
        lines += [f"# {limit.unit}", f"{limit.name} = {limit.default}"]
    return "\n".join(lines) + "\n"
