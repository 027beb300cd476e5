"""Custom search commands of installed apps, run as Splunk runs them: the script in a process of its own.

The chunked protocol (commands.conf: chunked = true) is here; the older one is `oldprotocol.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from caltrop.dialect.words import truth
from caltrop.engine import chunked, handing, oldprotocol, preloaded, registry
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import Table, concat
from caltrop.knowledge.limits import MAXRESULTROWS
from caltrop.spl.ast import Command
from caltrop.spl.facts import CommandKind

LEVELS = {"DEBUG": "INFO", "INFO": "INFO", "WARN": "WARN", "ERROR": "ERROR", "FATAL": "ERROR"}
KINDS: dict[str, CommandKind] = {
    "streaming": "streaming",
    "stateful": "centralized",
    "events": "dataset",
    "reporting": "transforming",
}


def find(name: str, ctx: Context) -> registry.CommandEntry | None:
    """The command of that name as the search's app and user see it (commands.conf), or None."""
    config = ctx.instance.config
    stanza = config.stanza("commands", name, ctx.app, ctx.user)
    if stanza is None or truth(stanza.get("disabled")):
        return None
    chunks = truth(stanza.get("chunked"))
    script = _script(config.app_path(stanza.app), stanza.get("filename") or f"{name}.py")

    def run(table: Table, command: Command, context: Context) -> Table:
        if not script.is_file():
            raise SearchError(f"the script of command '{name}' is missing: {script.name}", node=command)
        if not chunks:
            return oldprotocol.run(script, stanza.values(), table, command, context, stanza.app)
        return _run(script, table, command, context, stanza.app)

    if chunks and script.is_file():
        preloaded.begin(script)  # while the search reads its events
    # Whether it generates is known only after getinfo, so the place in the pipeline is checked in _run.
    return registry.CommandEntry(name, "dataset", run)


def _script(app: Path, filename: str) -> Path:
    """bin/<filename> of the app; a name that leads anywhere else is refused."""
    if Path(filename).name != filename or not filename:
        raise SearchError(f"commands.conf names a script outside bin/: {filename!r}")
    return (app / "bin" / filename).resolve()


def _run(script: Path, table: Table, command: Command, ctx: Context, app: str) -> Table:
    with ctx.instance.services.session(ctx.user) as session_key, chunked.Process(script) as process:
        info, _ = process.exchange(_getinfo(command, ctx, app, session_key))
        _tell(info, command, ctx)
        if info.get("generating"):
            if table.frame.width:
                raise SearchError(f"'{command.name}' must be the first command of a search", node=command)
            return _generate(process, command, ctx)
        kind = KINDS.get(str(info.get("type", "streaming")), "dataset")
        table = _first_part(info, table, ctx)
        pieces: list[pl.DataFrame] = []
        received = 0
        for piece, last in chunked.chunks(handing.with_text_time(table.frame), ctx.limit(MAXRESULTROWS)):
            reply, body = process.exchange({"action": "execute", "finished": last}, chunked.encode(piece))
            received = _take(reply, body, pieces, received, command, ctx)
            if reply.get("finished"):  # it wants no more
                break
            while last and not reply.get("finished"):  # it has more to say than it was given
                reply, body = process.exchange({"action": "execute", "finished": True})
                received = _take(reply, body, pieces, received, command, ctx)
    result = concat([Table(piece) for piece in pieces]).frame
    return Table(handing.with_numbered_time(result), events=table.events and kind != "transforming")


def _first_part(info: Mapping[str, Any], table: Table, ctx: Context) -> Table:
    """What a reporting command wants to have run before it (its map phase, a pipeline of streaming commands)."""
    text = info.get("streaming_preop")
    return ctx.engine.run_text(f"| {text}", ctx, source=table) if isinstance(text, str) and text.strip() else table


def _generate(process: chunked.Process, command: Command, ctx: Context) -> Table:
    pieces: list[pl.DataFrame] = []
    received = 0
    finished = False
    watcher = ctx.watching
    if watcher is not None:
        watcher.begins(Table)
    while not finished:
        reply, body = process.exchange({"action": "execute", "finished": False})
        received = _take(reply, body, pieces, received, command, ctx)
        finished = bool(reply.get("finished"))
        if watcher is not None and pieces[-1].height:
            watcher.found(handing.with_numbered_time(pieces[-1]))
    return Table(handing.with_numbered_time(concat([Table(piece) for piece in pieces]).frame))


def _take(
    reply: dict[str, Any], body: bytes, pieces: list[pl.DataFrame], received: int, command: Command, ctx: Context
) -> int:
    """Add the rows of a reply to `pieces`; gives the bytes that came so far, which are bounded."""
    _tell(reply, command, ctx)
    received += len(body)
    if received > chunked.REPLY_LIMIT:
        raise SearchError(f"{command.name}: gave more than {chunked.REPLY_LIMIT:,} bytes", node=command)
    pieces.append(chunked.decode(body))
    return received


def _getinfo(command: Command, ctx: Context, app: str, session_key: str) -> dict[str, Any]:
    services = ctx.instance.services
    return {
        "action": "getinfo",
        "preview": False,
        "streaming_command_will_restart": False,
        "searchinfo": {
            "args": handing.arguments(command, quote=False),
            "raw_args": handing.arguments(command, quote=True),
            "dispatch_dir": str(ctx.instance.data_dir or ""),
            "sid": ctx.sid,
            "app": ctx.app or app,
            "owner": ctx.user,
            "username": ctx.user,
            "session_key": session_key,
            "splunkd_uri": services.url,
            "splunk_version": services.version,
            "search": "",
            "command": command.name,
            "maxresultrows": ctx.limit(MAXRESULTROWS),
            "earliest_time": str(ctx.earliest or 0),
            "latest_time": str(ctx.latest or ctx.now),
        },
    }


def _tell(reply: dict[str, Any], command: Command, ctx: Context) -> None:
    """Messages of the command go to the job; an error of it is an error of the search."""
    messages = (reply.get("inspector") or {}).get("messages") or []
    for item in messages:
        if not isinstance(item, list) or len(item) != 2:
            continue
        level, text = LEVELS.get(str(item[0]).upper(), "INFO"), str(item[1])
        if level == "ERROR":
            raise SearchError(f"{command.name}: {text}", node=command)
        if level == "WARN":
            ctx.warn(text)
        else:
            ctx.info(text)
    if reply.get("error"):
        raise SearchError(f"{command.name}: {reply['error']}", node=command)
