"""`caltrop new`: asks, or takes flags, and writes a detection that validates."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caltrop.errors import CaltropError

if TYPE_CHECKING:
    from caltrop.content import Catalogue
    from caltrop.firstlook import Look

_TYPES = click.Choice(["TTP", "Anomaly", "Hunting", "Correlation"])


@click.command("new")
@click.argument("name", required=False)
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
@click.option("--search", help="The search, without its filter macro.")
@click.option("--type", "type_", type=_TYPES, help="What a hit means.")
@click.option("--author", help="Who writes it.")
@click.option("--description", help="What it finds.")
@click.option("--how-to-implement", help="Which data must be collected, and how.")
@click.option("--false-positives", help="What else looks like this.")
@click.option(
    "--status", type=click.Choice(["production", "experimental"]), default="experimental", show_default=True,
    help="How far it is.",
)  # fmt: skip
@click.option("--story", help="Analytic story; made when there is none of that name.")
@click.option("--technique", "techniques", multiple=True, help="ATT&CK id (may be repeated).")
@click.option("--data-source", "data_sources", multiple=True, help="Data source (may be repeated).")
@click.option("--entity", "entities", multiple=True, metavar="FIELD:TYPE:SCORE", help="Risk object (may be repeated).")
@click.option("--message", help="Risk message, with $field$ tokens.")
@click.option("--category", help="Folder below detections/.")
@click.option("--domain", help="Security domain.")
@click.option(
    "--data", default="", metavar="FILE",
    help="Test data: a log, which is looked at for what no flag says (and copied into the repository), or a URL.",
)  # fmt: skip
@click.option("--source", default="", help="Source of the test data.")
@click.option("--sourcetype", default="", help="Source type of the test data.")
@click.option("--date", help="Creation date; today by default.")
@click.option(
    "--sigma", type=click.Path(exists=True, path_type=Path), metavar="RULE",
    help="Make detections of Sigma rules: a file, or a folder of them (needs the extra 'sigma').",
)  # fmt: skip
@click.option(
    "--sigma-form", type=click.Choice(["raw", "cim"]), default="raw", show_default=True,
    help="What searches of Sigma rules read: events, or data models.",
)  # fmt: skip
@click.option("--no-input", is_flag=True, help="Ask nothing: take defaults for what no flag gives.")
def command(content: Path, no_input: bool, sigma: Path | None, sigma_form: str, **flags: object) -> int:
    """Write a new detection NAME, with its test, and what the repository lacks for it. Prints the files.

    Without flags it asks. What is left open is marked FILL IN, and is an error until it is filled; everything that is
    still wrong is listed. Exit code 1 when something other than that does not validate.

    \b
    caltrop new
    caltrop new "Odd Process Start" --no-input --search 'sourcetype=starts process=odd.exe | stats count by dest user'
    caltrop new --data access.log
    caltrop new --sigma rules/windows/process_creation
    """
    from caltrop.content import load
    from caltrop.content.new import Answers, check_answer, create, entity, existing, likely_entities

    def ask(key: str, question: str, default: str | None = None, check: Callable[[str], object] | None = None) -> str:
        """The flag, or the answer; what is wrong with an answer is said, and it is asked again."""

        def checked(value: str) -> str:
            try:
                check(value) if check else check_answer(key, value)
            except CaltropError as error:
                raise click.BadParameter(f"{error}" + (f" ({error.hint})" if error.hint else "")) from error
            return value

        given = flags.get("type_" if key == "type" else key)
        if given:
            return str(given)
        if not no_input:
            return str(click.prompt(question, default=default, err=True, value_proc=checked))
        if default is None:
            raise CaltropError(f"{'NAME' if key == 'name' else f'--{key}'} is needed with --no-input")
        return default

    def each(check: Callable[[str], object]) -> Callable[[str], object]:
        return lambda value: [check(part) for part in _parts(value)]

    catalogue = existing(content)
    if sigma is not None:
        return _bring_in(content, sigma, catalogue, sigma_form)
    name = ask("name", "Name")
    seen = _first_look(content, flags)
    search = ask("search", "Search (without the filter macro)", seen.search if seen else None)
    type_ = ask("type", "Type (TTP, Anomaly, Hunting, Correlation)", "TTP")
    likely = likely_entities(search, catalogue) or (seen.entities if seen else [])
    default = ",".join(f"{field}:{kind}:50" for field, kind in likely[:2]) or "dest:system:50"
    chosen = flags["entities"] or _parts(
        ask("entity", "Risk objects, field:type:score, by comma", default, each(entity))
    )
    stories = [s.name for s in catalogue.stories]
    technique = each(lambda value: check_answer("technique", value))
    data = ask("data", "Test data, a path or URL (none: a file to be filled)", "")
    answers = Answers(
        name=name,
        search=search,
        type=type_,
        author=ask("author", "Author", catalogue.config.author_name or "Unknown"),
        description=ask("description", "What does it find (later, if empty)", ""),
        story=ask("story", "Analytic story", stories[0] if stories else f"{name} Story"),
        techniques=list(flags["techniques"] or _parts(ask("technique", "ATT&CK ids, by comma", "", technique))),  # type: ignore[call-overload]
        data_sources=list(flags["data_sources"]),  # type: ignore[call-overload]
        entities=[entity(str(item)) for item in chosen],  # type: ignore[attr-defined]
        message=str(flags["message"] or ""),
        category=ask("category", "Folder (endpoint, network, cloud, web, application)", "endpoint"),
        domain=ask("domain", "Security domain", "endpoint"),
        data=data,
        source=ask("source", "Source of the test data", "unknown") if data else str(flags["source"]),
        sourcetype=ask("sourcetype", "Source type of the test data", "unknown") if data else str(flags["sourcetype"]),
        how_to_implement=ask("how_to_implement", "Which data must be collected, and how (later, if empty)", ""),
        known_false_positives=ask("false_positives", "What else looks like this (later, if empty)", ""),
        status=str(flags["status"]),
        date=str(flags["date"] or datetime.date.today().isoformat()),
    )
    content.mkdir(parents=True, exist_ok=True)
    for path in create(content, answers):
        click.echo(str(path))
    if seen:
        for path in seen.keep(content, catalogue.config.template):
            click.echo(str(path))
    mine = [p for p in load(content).problems if p.name == name]
    for problem in mine:
        click.echo(f"{problem}" + (f"\n  hint: {problem.hint}" if problem.hint else ""), err=True)
    return 1 if any(p.severity == "error" and p.code != "fill-in" for p in mine) else 0


def _first_look(content: Path, flags: dict[str, object]) -> Look | None:
    """What the log that --data names tells, put where no flag says otherwise; None for a URL, and where nothing is left to tell."""
    given = str(flags["data"] or "")
    path = Path(given) if Path(given).is_file() else content / given
    if given and "://" not in given and not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise CaltropError(f"--data {given} {what}", hint="name a log, from here or from the repository, or a URL")
    if not given or not path.is_file() or (flags["search"] and flags["source"] and flags["sourcetype"]):
        return None
    from caltrop.cli.options import packages
    from caltrop.firstlook import look

    seen = look(
        path,
        packages([], content),
        into=content,
        source=str(flags["source"] or ""),
        sourcetype=str(flags["sourcetype"] or ""),
    )
    flags["source"], flags["sourcetype"], flags["data"] = seen.source, seen.sourcetype, seen.data
    shown = ", ".join(seen.fields[:20]) + (" …" if len(seen.fields) > 20 else "")
    click.echo(f"{given}: {seen.events:,} events of {seen.sourcetype}; fields: {shown}", err=True)
    return seen


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _bring_in(content: Path, path: Path, catalogue: Catalogue, form: str) -> int:
    """Files to stdout, what is to be known of each rule to stderr; exit code 1 when one was not converted or does not validate."""
    from caltrop.content import load

    try:
        from caltrop.sigma.convert import Refused
        from caltrop.sigma.rules import bring_in
    except ImportError as error:
        hint = "install the extra: pip install 'caltrop[sigma]'"
        raise CaltropError(f"Sigma rules need pySigma and its Splunk backend: {error}", hint=hint) from error
    made, refused = set(), 0
    for one in bring_in(content, path, catalogue, "cim" if form == "cim" else "raw"):
        if isinstance(one, Refused):
            refused += 1
            click.echo(f"{one.file or path}: not converted: {one.title}: {one.why}", err=True)
            continue
        made.add(one.name)
        for file in one.files:
            click.echo(str(file))
        for text in one.said:
            click.echo(f"{one.name}: {text}", err=True)
    wrong = [p for p in load(content).problems if p.name in made and p.severity == "error"]
    for problem in wrong:
        click.echo(str(problem), err=True)
    click.echo(f"{len(made)} detections made, {refused} rules not converted", err=True)
    return 1 if refused or wrong else 0
