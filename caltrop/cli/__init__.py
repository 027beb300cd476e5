"""argv -> one call into a room. Every command is a module here that defines `command`, loaded when asked for.

stdout is data, stderr is talk. This module alone maps exceptions to exit codes:
0 success, 1 findings (a failed test, an invalid file), 2 usage or environment.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from caltrop import __version__
from caltrop.cli.groups import Group, ReaderGone
from caltrop.errors import CaltropError

# name -> one line of help; the module of the same name ('-' as '_') is imported only when the command runs,
# so that `caltrop build` never pays for the engine.
COMMANDS = {
    "build": "Validate, render and package the content; prints the package path last.",
    "validate": "Report every error in the content, with file, line and column.",
    "inspect": "Run AppInspect (cloud tag) on a package.",
    "test": "Install the package into a target, replay attack data, assert hits, risk and tuning.",
    "data": "Fetch, list and verify the data sets of tests.",
    "serve": "Run the embedded, Splunk-compatible server.",
    "search": "Run SPL over files, with no server.",
    "shell": "Search at a prompt, with completion, over data that is loaded once.",
    "explain": "Say why a search or a detection found nothing.",
    "replay": "Send datasets to a target.",
    "spl": "Parse and lint SPL.",
    "conformance": "Run conformance cases.",
    "knowledge": "Check add-ons against example logs.",
    "hunt": "Run a repository's detections over data; hits first, worst on top.",
    "corpus": "Run every detection of a content repository on its own published data.",
    "compare": "Compare two app trees, stanza by stanza.",
    "btool": "Show merged configuration and where each value comes from.",
    "init": "Begin a content repository that proves itself at once.",
    "new": "Write a new detection, with its test.",
    "migrate": "Rewrite older content schemas to today's.",
    "diff": "What changed between two builds.",
    "release-notes": "Write release notes between two tags or packages.",
    "install": "Install a package into a target.",
    "enable": "Let detections of an installed app run.",
    "disable": "Let detections of an installed app run no more.",
    "schedule": "Set when detections of an installed app run.",
    "status": "List an installed app's detections: state, schedule, runs, hits.",
    "tune": "Preview and set the filter macro of an installed detection.",
    "docs": "Write the documentation site of the content.",
    "navigator": "Write an ATT&CK Navigator layer.",
}


# Objects made before the collector looks at them. It looks at all 700 by default: in vain, a tenth of a start, where modules are
# loaded and events decoded.
_YOUNG = 50_000


class LazyGroup(Group):
    """A click group that knows its commands by name and imports one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"caltrop.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="caltrop")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def cli(debug: bool) -> None:
    """Detection engineering for Splunk that proves itself."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code and never lets a traceback out unless --debug is given."""
    args = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    gc.set_threshold(_YOUNG)
    debug = "--debug" in args and args[:1] != ["btool"]  # there it shows where values come from, as Splunk's btool does
    if debug:
        args = [a for a in args if a != "--debug"]
    try:
        result = cli.main(args=args, prog_name="caltrop", standalone_mode=False)
    except CaltropError as error:
        if debug:
            traceback.print_exc()
        _complain(str(error), error.hint)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort:
        _complain("interrupted")
        return 2
    except (ReaderGone, BrokenPipeError):
        # What is still buffered goes nowhere, so that the interpreter does not fail on it when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.strerror:  # without a name it is what was being written, mostly stdout
            _complain(f"{error.filename or 'cannot write'}: {error.strerror}")
            return 2
        _complain(f"internal error: {type(error).__name__}: {error}", "run again with --debug for the traceback")
        return 2
    return result if isinstance(result, int) else 0


def _open_streams() -> None:
    """A caller may start us with stdout or stderr closed (`>&-`): what would go there goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _complain(message: str, hint: str | None = None) -> None:
    click.echo(message, err=True)
    if hint:
        click.echo(f"  hint: {hint}", err=True)
