"""The old search command protocol (commands.conf: chunked = false), splunkd's side: a script is run with a header and rows as CSV.

Follows commands.conf.spec and "Write a custom search command" of the Search Manual. Scripts find `splunk.Intersplunk` on their path
(`engine/beside`); splunklib speaks this protocol too where `supports_getinfo`, `enableheader`, `outputheader` and `requires_srinfo`
are set.

* The script is asked what it is where `supports_getinfo` says so (`__GETINFO__` as the first argument, then `__EXECUTE__`); else the
  stanza tells.
* Input: with `enableheader` lines `name:value` (URL-encoded) and an empty line, then the rows. `passauth` adds who searches and the
  key of a session, `requires_srinfo` the path of a file with the search's facts.
* A streaming command runs once for every `maxinputs` rows, another once for the first of them.
* Output: rows as CSV; with `outputheader` lines `error_message=…`, `warn_message=…`, `info_message=…` and an empty line before them.
  A single column ERROR is an error. Errors end the search, as those of the chunked protocol do.

Not used: `required_fields` (every field is given), `generates_timeorder`, `overrides_timeorder`, `local`, `run_in_preview`,
`pass_timezone`.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, urlsplit

import polars as pl

from caltrop import children
from caltrop.dialect.words import truth
from caltrop.engine import budget, chunked, handing, onpath
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import MULTIVALUE, Table, concat, render
from caltrop.knowledge.limits import MAXRESULTROWS
from caltrop.spl.ast import Command
from caltrop.spl.errors import NOBODY

MAXINPUTS = 50_000
PROBE, EXECUTE = "__GETINFO__", "__EXECUTE__"
QUOTED = 500  # characters of a failed script's output that its error shows
_LEVEL = re.compile(r"(DEBUG|INFO|WARN|ERROR|FATAL)\b\s*(.*)", re.DOTALL)


def run(script: Path, settings: Mapping[str, str], table: Table, command: Command, ctx: Context, app: str) -> Table:
    """The rows that the command makes of a table's. Raises SearchError where it cannot, or says that it cannot."""
    kind = settings.get("type", "python").strip().lower()
    if kind != "python" or script.suffix != ".py":
        raise SearchError(f"'{command.name}' is no Python script, and others are not run", node=command)
    call = _Call(script, settings, command, ctx)
    with _surroundings(settings, command, ctx, app) as header:
        if truth(settings.get("supports_getinfo")):
            call.settings = settings = {**settings, **call.probed(header)}
        if truth(settings.get("generating")):
            if table.frame.width:
                raise SearchError(
                    f"'{command.name}' must be the first command of a search",
                    node=command,
                    says="This command must be the first command of a search.",
                )
            made = call.executed(header, pl.DataFrame())
            return Table(handing.with_numbered_time(made), events=truth(settings.get("retainsevents")))
        streaming = truth(settings.get("streaming"))
        if not streaming and (first := settings.get("streaming_preop", "").strip()):
            table = ctx.engine.run_text(f"| {first}", ctx, source=table)
        call.warn_of(table)
        made = concat([Table(call.executed(header, piece)) for piece in _pieces(table, settings, streaming, ctx)]).frame
    if not truth(settings.get("changes_colorder"), True):
        made = made.select(
            *[n for n in table.fields if n in made.columns], *[n for n in made.columns if n not in table]
        )
    return Table(
        handing.with_numbered_time(made), events=table.events and (streaming or truth(settings.get("retainsevents")))
    )


def _pieces(table: Table, settings: Mapping[str, str], streaming: bool, ctx: Context) -> Iterator[pl.DataFrame]:
    """What each run of the script is given."""
    if not len(table) and not truth(settings.get("needs_empty_results"), True):
        return
    text = settings.get("maxinputs", "").strip()
    most = min(int(text) if text.isdigit() else MAXINPUTS, ctx.limit(MAXRESULTROWS)) or max(len(table), 1)
    pieces = chunked.chunks(handing.with_text_time(table.frame), most)
    if streaming:
        yield from (piece for piece, _ in pieces)
        return
    piece, last = next(pieces)
    if not last:
        ctx.warn(f"The command was given the first {most:,} of {len(table):,} results (maxinputs of commands.conf).")
    yield piece


# --- a run of the script ----------------------------------------------------------------------------------------------


@dataclass
class _Call:
    script: Path
    settings: Mapping[str, str]
    command: Command
    ctx: Context

    def probed(self, header: str) -> dict[str, str]:
        """What the script says it is, under the names of commands.conf."""
        output = self._output([PROBE], header.encode())
        frame = self._rows(output)
        if not len(frame):
            self._fail(
                f"Getinfo probe failed for external search command '{self.command.name}'.",
                f"'{self.command.name}' answered {PROBE} with {output[:QUOTED]!r}, which is no row of settings",
                by="'script'",
            )
        first = frame.row(0, named=True)
        return {name: ",".join(v) if isinstance(v, list) else v for name, v in first.items() if v is not None}

    def executed(self, header: str, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that one run makes."""
        words = [EXECUTE] if truth(self.settings.get("supports_getinfo")) else []
        return self._rows(self._output(words, header.encode() + self._given(frame)))

    def warn_of(self, table: Table) -> None:
        limit = self.settings.get("perf_warn_limit", "").strip()
        if limit.isdigit() and 0 < int(limit) < len(table):
            self.ctx.warn(
                f"'{self.command.name}' is given {len(table):,} results, more than its perf_warn_limit of {limit}."
            )

    def _given(self, frame: pl.DataFrame) -> bytes:
        if truth(self.settings.get("supports_multivalues")):
            return chunked.encode(frame)
        flat = [text.list.join("\n") if text.dtype == MULTIVALUE else text for text in map(render, frame.get_columns())]
        return pl.DataFrame(flat).write_csv(null_value="").encode() if flat else b""

    def _output(self, words: list[str], given: bytes) -> str:
        raw = truth(self.settings.get("supports_rawargs"))
        arguments = [*words, *handing.arguments(self.command, quote=raw)]
        done = children.run(
            [sys.executable, str(self.script), *arguments], given,
            cwd=self.script.parent, environment=onpath.environment(self.script), seconds=chunked.SECONDS,
        )  # fmt: skip
        budget.check()  # it may have been ended with its search
        name = self.command.name
        if done.late:
            raise SearchError(
                f"the command {name} took longer than {chunked.SECONDS:g} s and was ended", node=self.command
            )
        if done.much:
            raise SearchError(f"the command {name} gave more than {children.OUTPUT:,} bytes", node=self.command)
        output = done.out.decode("utf-8", "replace")
        if done.code:
            says = f"External search command '{name}' returned error code {done.code}."
            shown = output.strip()[:QUOTED]
            self._fail(f'{says} Script output = "{shown}".' if shown else says, done.said or "it said nothing")
        self._listen(done.said)
        return output

    def _listen(self, said: str) -> None:
        """What it wrote on stderr, where that is meant for who searches."""
        if self.settings.get("stderr_dest", "log").strip().lower() != "message":
            return
        for line in said.splitlines():
            found = _LEVEL.fullmatch(line.strip())
            self._tell(found[1] if found else "INFO", found[2] if found else line)

    def _rows(self, output: str) -> pl.DataFrame:
        if truth(self.settings.get("outputheader")):
            output = self._heard(output)
        frame = chunked.decode(output.encode())
        if frame.columns == ["ERROR"]:
            for text in frame.get_column("ERROR").drop_nulls():
                self._tell("ERROR", text)
        return frame

    def _heard(self, output: str) -> str:
        """Tell the messages of the header; what follows it."""
        lines = io.StringIO(output, newline="")
        for line in lines:
            if not line.strip():
                break
            name, _, text = line.partition("=")
            level = name.strip().removesuffix("_message")
            if level != name.strip():
                self._tell(level.upper(), text.strip())
        return lines.read()

    def _tell(self, level: str, text: str) -> None:
        words = f'command="{self.command.name}", {text}'
        if level in ("ERROR", "FATAL"):
            self._fail(words, text)
        elif level == "WARN":
            self.ctx.warn(words)
        elif level == "INFO":
            self.ctx.info(words)

    def _fail(self, says: str, message: str, *, by: str = NOBODY) -> NoReturn:
        raise SearchError(message, node=self.command, says=says, by=by)


# --- what surrounds it ------------------------------------------------------------------------------------------------


@contextmanager
def _surroundings(settings: Mapping[str, str], command: Command, ctx: Context, app: str) -> Iterator[str]:
    """The header; the session and the file that it speaks of last as long as the command."""
    if not truth(settings.get("enableheader"), True):
        yield ""
        return
    services, wants_auth, wants_info = (
        ctx.instance.services,
        truth(settings.get("passauth")),
        truth(settings.get("requires_srinfo")),
    )
    facts = {
        "search": "", "sid": ctx.sid, "keywords": "", "splunkVersion": services.version,
        "realtime": "0", "preview": "0", "truncated": "0", "owner": ctx.user, "namespace": ctx.app or app,
    }  # fmt: skip
    if not (wants_auth or wants_info):
        yield _header(facts)
        return
    with (
        services.session(ctx.user) as key,
        tempfile.TemporaryDirectory(prefix="command-", dir=_dispatch(ctx)) as folder,
    ):
        if wants_auth:
            who = f"<userId>{ctx.user}</userId><username>{ctx.user}</username><authToken>{key}</authToken>"
            facts |= {"authString": f"<auth>{who}</auth>", "sessionKey": key}
        if wants_info:
            path = Path(folder) / "info.csv"
            path.write_text(_info(ctx, ctx.app or app, key), encoding="utf-8")
            facts["infoPath"] = str(path)
        yield _header(facts)


def _header(facts: Mapping[str, str]) -> str:
    return "".join(f"{name}:{quote(value)}\n" for name, value in facts.items()) + "\n"


def _dispatch(ctx: Context) -> Path | None:
    """Where a server that starts again cleans up; None: where temporary files are."""
    if ctx.instance.data_dir is None:
        return None
    folder = ctx.instance.data_dir / "run" / "dispatch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _info(ctx: Context, app: str, key: str) -> str:
    """The search's facts, a row under their names, as splunklib's `search_results_info` reads them."""
    services = ctx.instance.services
    where = urlsplit(services.url)
    facts = {
        "_sid": ctx.sid, "_timestamp": ctx.now, "now": ctx.now, "_auth_token": key,
        "_ppc.app": app, "_ppc.user": ctx.user, "_rt_earliest": "", "_rt_latest": "",
        "_startTime": ctx.earliest or 0, "_endTime": ctx.latest or ctx.now,
        "_splunkd_protocol": where.scheme, "_splunkd_port": where.port or "", "_splunkd_uri": services.url,
        "countMap": "", "msg": "", "msgType": "",
    }  # fmt: skip
    text = io.StringIO(newline="")
    csv.writer(text).writerows([facts.keys(), facts.values()])
    return text.getvalue()
