"""`caltrop corpus`: every detection of a content repository, over data (`run`, which is `caltrop hunt`) or on its own
published data (`test`)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caltrop.cli.groups import Group
from caltrop.cli.hunt import command as hunt
from caltrop.cli.options import addon_options, packages
from caltrop.cli.progress import shown, waiting
from caltrop.errors import CaltropError

if TYPE_CHECKING:
    from caltrop.content import Catalogue
    from caltrop.corpus.own import Outcome, Trial

NAMES_SHOWN = 5
WHY_SHOWN = 3  # findings of a detection that does not fire


@click.group(cls=Group, short_help="Every detection of a content repository, over data or on its own.")
def command() -> None:
    """Work with a whole content repository.

    \b
    caltrop corpus run security_content --data capture.zip
    caltrop corpus test security_content --attack-data attack_data
    """


command.add_command(hunt, "run")


@command.command("test")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@click.option(
    "--attack-data",
    "clone",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="CLONE",
    help="A local clone of attack_data, or a folder laid out like one.",
)
@click.option(
    "--detection", "names", multiple=True, metavar="NAME", help="Only this one (name or id); may be repeated."
)
@click.option("--all", "everything", is_flag=True, help="Also detections that are not in production.")
@addon_options
@click.option("--jobs", type=click.IntRange(1), help="Processes; one a processor by default.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Append each outcome as a JSON line; outcomes that are in it already, and still hold, are not run again.",
)  # fmt: skip
def test_command(
    folder: Path,
    clone: Path,
    names: tuple[str, ...],
    everything: bool,
    apps: tuple[Path, ...],
    addons: bool,
    jobs: int | None,
    out: Path | None,
) -> int:
    """Try each detection on its own published data: does it fire, and if not, where were its events lost?

    Every test runs alone, with its data under the source and sourcetype that it states. Data is found in CLONE by the
    path of its URL; what is missing, or a Git LFS pointer, counts as not here. The last line is
    `N of M fire, K not here`, in detections. Exit code 1 when one that has its data does not fire.

    \b
    caltrop corpus test security_content --attack-data attack_data -o outcomes.jsonl
    caltrop corpus test . --attack-data ../attack_data --detection "Detect Regasm Spawning a Process"
    """
    import os

    from caltrop.content import load
    from caltrop.content.cache import home
    from caltrop.corpus import own
    from caltrop.knowledge import app_folders
    from caltrop.replay.clone import Clone

    with waiting("reading the content"):
        catalogue = load(folder, checks=False, cache=home(folder))
    with app_folders(packages(apps, folder), addons=addons) as folders:
        chosen = list(own.trials(catalogue, Clone(clone), folders, everything=everything or bool(names)))
        return _attempt(catalogue, _named(chosen, names), folders, jobs or os.cpu_count() or 1, out)


def _named(chosen: list[Trial], names: Sequence[str]) -> list[Trial]:
    """The tests of the detections that are named (all of them without names)."""
    if names:
        wanted = {name.lower() for name in names}
        chosen = [trial for trial in chosen if not wanted.isdisjoint({trial.detection.lower(), trial.id.lower()})]
        known = {text for trial in chosen for text in (trial.detection.lower(), trial.id.lower())}
        for name in names:
            if name.lower() not in known:
                raise CaltropError(f"no detection {name!r} with test data", hint="give a name or id as in its file")
    return chosen


def _attempt(
    catalogue: Catalogue, chosen: Sequence[Trial], folders: Sequence[Path], jobs: int, out: Path | None
) -> int:
    """Try them, tell what comes of it, and give the exit code."""
    from caltrop.corpus import own

    before = own.kept(out) if out else {}
    outcomes = [before[trial.key] for trial in chosen if trial.key in before]
    if outcomes:
        click.echo(f"{len(outcomes)} of {len(chosen)} tests are in {out} already", err=True)
    rest = [trial for trial in chosen if trial.key not in before]
    with ExitStack() as stack:
        file = stack.enter_context(out.open("a", encoding="utf-8")) if out else None
        for outcome in shown("trying", own.attempt(catalogue, rest, folders, jobs), len(rest)):
            outcomes.append(outcome)
            if file is not None:
                file.write(own.as_line(outcome) + "\n")
                file.flush()
            if outcome.verdict != "absent":
                click.echo(_told(outcome))
    fires, here, absent = own.tally(outcomes)
    _summarize(outcomes)
    click.echo(f"{fires} of {here} fire, {absent} not here")
    return 0 if fires == here else 1


def _told(outcome: Outcome) -> str:
    """The verdict, hits, seconds, and what a reader asks next; why events were lost stands below, a line a finding."""
    why = outcome.lost or outcome.error
    first = f"{outcome.verdict:<7}{outcome.hits:>7} hits {outcome.seconds:>7.2f} s  {outcome.detection}"
    return "\n".join([f"{first}: {why}" if why else first, *(f"        {line}" for line in outcome.why[:WHY_SHOWN])])


def _summarize(outcomes: Sequence[Outcome]) -> None:
    """To stderr: data that is not here, errors by cause."""
    pointers = sum(any("LFS pointer" in text for text in outcome.absent) for outcome in outcomes)
    if pointers:
        click.echo(f"{pointers} tests have Git LFS pointers in place of data: run git lfs pull in the clone", err=True)
    causes: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.verdict == "error":
            causes.setdefault(outcome.cause, []).append(outcome)
    for cause, group in sorted(causes.items(), key=lambda item: (-len(item[1]), item[0])):
        shown = ", ".join(one.detection for one in group[:NAMES_SHOWN]) + (" …" if len(group) > NAMES_SHOWN else "")
        click.echo(f"{len(group)} x {cause}: {shown}", err=True)
