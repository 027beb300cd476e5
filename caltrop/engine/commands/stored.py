"""savedsearch, loadjob, map, sendalert: searches and results that are kept, and actions on results."""

from __future__ import annotations

import re
from collections.abc import Mapping

from caltrop.dialect.moments import time_bound
from caltrop.dialect.words import escaped
from caltrop.engine import asking, budget
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.subsearches import nested
from caltrop.engine.table import Table, concat, render
from caltrop.spl import unparse
from caltrop.spl.ast import Command, Option, Subsearch, Word

_TOKEN = re.compile(r"\$([^$\s]{1,256})\$")
MAX_SEARCHES = 10


def substituted(text: str, values: Mapping[str, str]) -> str:
    """$name$ replaced by its value; quotes in a value are escaped, so that it stays inside its string."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        return match[0] if found is None else escaped(found)

    return _TOKEN.sub(value, text)


@command("savedsearch")
def savedsearch(table: Table, cmd: Command, ctx: Context) -> Table:
    """Run a saved search over its own time range where the job has none; $name$ takes the value of name=value."""
    words = cmd.of(Word)
    if not words:
        raise SearchError("'savedsearch' needs a name", node=cmd)
    name = words[0].text
    stanza = asking.knowledge(ctx).saved_search(name)
    if stanza is None:
        raise SearchError(f"there is no saved search named '{name}'", node=cmd)
    text = stanza.get("search")
    if not text:
        raise SearchError(f"the saved search '{name}' has no search", node=cmd)
    if not cmd.option("nosubstitution", False):
        text = substituted(text, {o.name: str(o.value) for o in cmd.of(Option)})
    earliest, latest = ctx.earliest, ctx.latest
    if earliest is None and latest is None:
        earliest = _bound(stanza.get("dispatch.earliest_time"), ctx)
        latest = _bound(stanza.get("dispatch.latest_time"), ctx)
    return nested(text, ctx, cmd, earliest, latest)


def _bound(text: str, ctx: Context) -> float | None:
    return time_bound(text, ctx.now, ctx.timezone) if text else None


@command("map", note="Multivalue fields are put in as their values joined by spaces.")
def map_(table: Table, cmd: Command, ctx: Context) -> Table:
    """Run a search for each result, $field$ replaced by the result's values; $_serial_id$ counts the runs from 1."""
    text = _mapped_search(cmd, ctx)
    limit = cmd.option("maxsearches", MAX_SEARCHES)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise SearchError(f"'map' maxsearches={limit} is no whole number from 1 up", node=cmd)
    if len(table) > limit:
        ctx.warn(f"map ran for the first {limit} of {len(table)} results (maxsearches={limit})")
    columns = {name: render(table.frame.get_column(name)).to_list() for name in table.fields}
    wanted = dict.fromkeys(_TOKEN.findall(text))
    results: list[Table] = []
    rows = 0
    for i in range(min(len(table), limit)):
        budget.rows(rows)
        values = {n: v if isinstance(v, str) else " ".join(v) for n, c in columns.items() if (v := c[i]) is not None}
        values["_serial_id"] = str(i + 1)
        missing = next((name for name in wanted if name not in values), None)
        if missing is not None:
            raise SearchError(f"'map' finds no value of ${missing}$ in result {i + 1}", node=cmd)
        results.append(nested(substituted(text, values), ctx, cmd, ctx.earliest, ctx.latest))
        rows += len(results[-1])
    return concat(results) if results else Table.empty()


def _mapped_search(cmd: Command, ctx: Context) -> str:
    given = cmd.option("search")
    if given is not None:
        return str(given)
    subsearches = cmd.of(Subsearch)
    if subsearches:
        return unparse(subsearches[0].pipeline)
    words = cmd.of(Word)
    stanza = asking.knowledge(ctx).saved_search(words[0].text) if words else None
    if stanza is None:
        raise SearchError("'map' needs search=\"…\", a search in brackets, or the name of a saved search", node=cmd)
    return stanza.get("search")


@command("loadjob")
def loadjob(table: Table, cmd: Command, ctx: Context) -> Table:
    """The results (events=t: the events) of a finished job, by sid or as the last run of savedsearch=owner:app:name."""
    services = ctx.instance.services
    saved = cmd.option("savedsearch")
    if saved is not None:
        owner, _, rest = str(saved).partition(":")
        app, _, name = rest.partition(":")
        sid = services.latest_job(name, owner, app)
    else:
        words = cmd.of(Word)
        if not words:
            raise SearchError("'loadjob' needs a sid, or savedsearch=owner:app:name", node=cmd)
        sid = words[0].text
    return services.job(sid, ctx.user, events=bool(cmd.option("events", False)))


@command("sendalert")
def sendalert(table: Table, cmd: Command, ctx: Context) -> Table:
    """Run an alert action over the results; they go on unchanged."""
    words = cmd.of(Word)
    if not words:
        raise SearchError("'sendalert' needs the name of an alert action", node=cmd)
    parameters = {o.name: str(o.value) for o in cmd.of(Option)}
    ctx.instance.services.send_alert(words[0].text, parameters, table, ctx.user, ctx.app)
    return table
