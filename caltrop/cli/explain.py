"""caltrop explain: why a search or a detection found nothing, stage by stage."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from caltrop.cli.options import addon_options, packages, windows_option
from caltrop.dialect.words import did_you_mean
from caltrop.errors import CaltropError

if TYPE_CHECKING:
    from caltrop.content import Catalogue, Detection
    from caltrop.engine.instance import Instance
    from caltrop.explain import Explanation

FILES = (".yml", ".yaml")


@click.command(short_help="Why a search or a detection found nothing.")
@click.argument("what", metavar="NAME|SPL")
@click.option(
    "--data",
    "data",
    multiple=True,
    metavar="PATH",
    help="Events: a file, folder, archive or archive!member; may be repeated.",
)
@click.option("--content", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Content repository.")
@addon_options
@click.option("--earliest", help="Start of the time range: -1h@h, epoch seconds, …")
@click.option("--latest", help="End of the time range.")
@click.option("--now", type=float, metavar="EPOCH", help="Pin the current time.")
@click.option("--index", help="Put all events into this index.")
@click.option("--sourcetype", help="Give all events this source type.")
@click.option("--source", help="Give all events this source.")
@windows_option
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    what: str, data: tuple[str, ...], content: Path, apps: tuple[Path, ...], addons: bool, earliest: str | None,
    latest: str | None, now: float | None, index: str | None, sourcetype: str | None, source: str | None, windows: str,
    output: str,
) -> int:  # fmt: skip
    """Run it and say where its rows were lost: rows in and out of every stage, and what is to blame for an empty end.

    NAME is a detection of --content (name, id or file), which is run on the data of its tests, or on --data. Anything else
    is SPL, and needs --data. Exit code 1 when nothing was found.

    \b
    caltrop explain detections/endpoint/x.yml
    caltrop explain 'EventCode=1 Image=*regg.exe' --data sysmon.evtx
    """
    from caltrop.engine.instance import Instance
    from caltrop.knowledge import app_folders

    catalogue, detection = _detection(what, content)
    given: dict[str, Any] = {"index": index, "sourcetype": sourcetype, "source": source}
    told: list[dict[str, Any]] = []
    empty = False
    with (
        app_folders(packages(apps, content if detection else Path()), addons=addons) as folders,
        tempfile.TemporaryDirectory() as made,
    ):
        if catalogue is not None and detection is not None:
            from caltrop.corpus.run import as_command, write_app

            folders = [*folders, write_app(catalogue, Path(made))]
            spl, app, needs = as_command(detection.search), str(catalogue.config.id), catalogue.needed_addons(detection)
            runs = _tests(detection, content) if not data else [(detection.name, None)]
        else:
            spl, app, needs, runs = what, "search", [], [("", None)]
            if not data and re.match(r"\s*[^|\s]", what):
                near = did_you_mean(what, [one.name for one in catalogue.detections] if catalogue else ())
                raise CaltropError(
                    "there is no data to search", hint=near or "name files with --data, or a detection of --content"
                )
        for title, sets in runs:
            instance = Instance(None, folders, now=now)
            for name in ("main", "risk", "notable", "summary") if detection else ("main",):
                instance.store.create_index(name)
            if sets is None:
                _load(instance, data, windows, given)
            else:
                _load_sets(instance, sets)
            explanation = _run(instance, spl, app, needs, earliest, latest)
            empty = empty or not explanation.rows
            if output == "json":
                told.append({"test": title, **explanation.as_json()} if title else explanation.as_json())
            else:
                _show(title, explanation)
    if output == "json":
        click.echo(json.dumps(told[0] if len(told) == 1 else told, ensure_ascii=False, indent=2))
    return 1 if empty else 0


def _detection(what: str, content: Path) -> tuple[Catalogue | None, Detection | None]:
    """The detection that is named, with the catalogue that was looked into; SPL is neither."""
    file = Path(what)
    named = file.suffix in FILES
    if not named and not (content / "detections").is_dir():
        return None, None
    if not named and re.search(r"[|=`\[\"]", what):
        return None, None
    from caltrop.content import load

    catalogue = load(content)
    found = catalogue.detection(file.stem if named else what)
    if found is None and named:
        raise CaltropError(f"no detection {what!r} in {content}", hint="give its name, id or file, and --content")
    return catalogue, found


def _tests(detection: Detection, content: Path) -> list[tuple[str, Any]]:
    """(title, data sets) of each test; the sets as `corpus.own` loads them."""
    from caltrop.content.config import load_config
    from caltrop.corpus.own import Data
    from caltrop.replay.clone import clones
    from caltrop.replay.datasets import resolve
    from caltrop.replay.downloads import Unreachable

    runs: list[tuple[str, Any]] = []
    copies = clones(load_config(content)[0].data_cache, content)
    for test in detection.tests:
        cache = content / ".cache" / "datasets"
        try:
            sets = [resolve(item, content, cache, clones=copies) for item in test.attack_data]
        except Unreachable as error:
            if not test.fallback:
                raise
            click.echo(f"{error}: used the repository's own dataset instead", err=True)
            sets = [resolve(item, content, cache, clones=copies) for item in test.fallback]
        data = [
            Data(
                path=found.location, source=found.data.source, sourcetype=found.data.sourcetype,
                index=found.data.custom_index or "main", host=found.data.host,
            )
            for found in sets
        ]  # fmt: skip
        if data:
            runs.append((f"{detection.name}: {test.name}", data))
    if not runs:
        raise CaltropError(f"{detection.name} has no test with data", hint="name files with --data")
    return runs


def _load(instance: Instance, data: Sequence[str], windows: str, given: dict[str, Any]) -> None:
    options = instance.import_options(
        windows="classic" if windows == "classic" else "xml",
        on_problem=lambda problem: click.echo(str(problem), err=True),
        **given,
    )
    for path in data:
        if not instance.add_file(path, options):
            click.echo(f"{path}: no events", err=True)


def _load_sets(instance: Instance, sets: Sequence[Any]) -> None:
    from caltrop.corpus.own import load

    problems: list[str] = []
    for one in sets:
        if one.index not in instance.store:
            instance.store.create_index(one.index)
        if not load(instance, one, problems):
            click.echo(f"{one.path}: no events", err=True)
    for problem in dict.fromkeys(problems):
        click.echo(problem, err=True)


def _run(
    instance: Instance, spl: str, app: str, needs: Sequence[str], earliest: str | None, latest: str | None
) -> Explanation:
    from caltrop.engine.context import Message
    from caltrop.explained import explained

    said: list[Message] = []
    try:
        result = instance.search(spl, earliest=earliest, latest=latest, app=app, messages=said)
    finally:
        for message in said:
            click.echo(f"{message.severity}: {message.text}", err=True)
    return explained(instance, result, app=app, addons=needs)


def _show(title: str, explanation: Explanation) -> None:
    """Headline and findings, then the stages, then the macros."""
    if title:
        click.echo(title)
    for number, line in enumerate(explanation.lines(None)):
        click.echo(f"  {line}" if number else line)
    click.echo()
    for line in explanation.table():
        click.echo(f"  {line}")
    if explanation.macros:
        click.echo()
        for call, text in explanation.macros:
            click.echo(f"  `{call}` is {' '.join(text.split())}")
