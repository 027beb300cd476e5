"""`caltrop shell`: search at a prompt. Lines come from a terminal with history and completion, or from a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from caltrop.cli.options import addon_options, data_options, packages

if TYPE_CHECKING:
    from caltrop.engine.instance import SearchResult
    from caltrop.shell.session import Session

PROMPT = "spl> "


@click.command("shell")
@data_options
@addon_options
@click.option(
    "--tz", default="UTC", show_default=True, metavar="ZONE", help="Time zone of searches and of what they show."
)
@click.option("--context", default="search", metavar="APP", help="The app whose knowledge objects searches see first.")
def command(
    data: tuple[str, ...], lookups: tuple[Path, ...], apps: tuple[Path, ...], addons: bool, now: float | None,
    index: str | None, sourcetype: str | None, source: str | None, host: str | None, read_as: str, windows: str, tz: str,
    context: str,
) -> None:  # fmt: skip
    """Load data once, then answer searches at a prompt: history, completion of commands, fields and values, several lines.

    `\\help` at the prompt says what else there is. When input is no terminal, each line of it is a search.

    \b
    caltrop shell --data sysmon.evtx
    caltrop shell --data logs/ --lookup users.csv --tz Europe/Berlin
    """
    where = {"host": host, "source": source, "sourcetype": sourcetype, "index": index, "format": read_as}
    run(data, packages(apps), lookups, addons=addons, now=now, windows=windows, tz=tz, app=context, overrides=where)


def run(
    data: Sequence[str],
    apps: Sequence[Path],
    lookups: Sequence[Path],
    *,
    addons: bool,
    now: float | None,
    windows: str,
    tz: str,
    app: str,
    overrides: Mapping[str, Any],
) -> None:
    """Load, and answer until the end of input."""
    from caltrop.cli import results
    from caltrop.cli.loading import loaded
    from caltrop.shell.session import Ended, Session

    def show(result: SearchResult, form: str) -> Iterator[str]:
        return results.lines_of(result.table, form, tz=tz)

    with loaded(data, apps, lookups, addons=addons, now=now, windows=windows, **overrides) as instance:
        formats = tuple(name for name in results.FORMATS if name != "parquet")
        session = Session(instance, show, formats, app=app, tz=tz)
        read = _terminal(session) if sys.stdin.isatty() and sys.stdout.isatty() else _piped()
        while (text := read()) is not None:
            try:
                results.show(session.answer(text))
            except Ended:
                return
            except KeyboardInterrupt:
                click.echo("interrupted", err=True)


def _piped() -> Callable[[], str | None]:
    """Line by line, those that belong together as one."""
    from caltrop.shell.complete import complete

    def read() -> str | None:
        text = sys.stdin.readline()
        while text and not complete(text) and (more := sys.stdin.readline()):
            text += more
        return text or None

    return read


def _terminal(session: Session) -> Callable[[], str | None]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from caltrop.shell.complete import complete, proposals

    class Names(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
            for proposal in proposals(document.text_before_cursor, session.names):
                yield Completion(proposal.text, -proposal.replaces, display_meta=proposal.kind)

    keys = KeyBindings()

    @keys.add("enter")
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.text.startswith("\\") or complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    prompt: PromptSession[str] = PromptSession(
        PROMPT,
        history=FileHistory(str(_history())),
        completer=Names(),
        complete_in_thread=True,
        auto_suggest=AutoSuggestFromHistory(),
        multiline=True,
        key_bindings=keys,
        prompt_continuation="   . ",
    )

    def read() -> str | None:
        while True:
            try:
                return prompt.prompt()
            except KeyboardInterrupt:  # drops the line, as in any shell
                continue
            except EOFError:
                return None

    return read


def _history() -> Path:
    """Of this account alone: searches name what one looks for."""
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = home / "caltrop"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "history"
    path.touch(mode=0o600)
    return path
