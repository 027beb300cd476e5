"""`caltrop validate`: every fault at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from caltrop.cli.progress import waiting

if TYPE_CHECKING:
    from caltrop.content import Problem


@click.command("validate")
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="How problems are written.",
)
@click.option("--summary", is_flag=True, help="Count by rule, most first, instead of listing.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Findings in FILE are known: neither shown nor counted. Where it is not there, it is written.",
)
@click.option("--update-baseline", is_flag=True, help="Write the baseline again, with what is found now.")
@click.option("--fix", "mend", is_flag=True, help="Mend what can be mended mechanically first; says what it did.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path),
    is_flag=False,
    flag_value="schemas",
    metavar="[FOLDER]",
    help="Write a JSON Schema of every object into a folder, schemas/ by default, and do nothing else.",
)
def command(
    content: Path,
    format_: str,
    summary: bool,
    baseline: Path | None,
    update_baseline: bool,
    mend: bool,
    schema: Path | None,
) -> int:
    """Report every error in the content, with file, line and column; exit code 1 when there is one.

    \b
    caltrop validate
    caltrop validate --format github
    caltrop validate --schema schemas
    """
    from caltrop.content import load, report

    if update_baseline and baseline is None:
        raise click.UsageError("--update-baseline goes with --baseline FILE")
    if schema:
        from caltrop.content.published import write_schemas

        for path in write_schemas(schema):
            click.echo(str(path))
        return 0
    if mend:
        from caltrop.content.fix import fix

        for done in fix(content):
            click.echo(f"fixed {done.file}: {done.message} [{done.code}]", err=True)
    with waiting("reading the content"):
        catalogue = load(content)
    problems = catalogue.problems
    if baseline is not None:
        problems = _unknown(baseline, problems, update_baseline)
    for line in report.summary(problems) if summary else report.FORMATS[format_](problems, content):
        click.echo(line)
    if not catalogue.config.file:
        click.echo("no app.yml: a build takes default names (docs/content.md)", err=True)
    errors = sum(problem.severity == "error" for problem in problems)
    click.echo(f"{errors} error(s), {len(problems) - errors} warning(s)", err=True)
    return 1 if errors else 0


def _unknown(baseline: Path, problems: list[Problem], update: bool) -> list[Problem]:
    """The problems that the baseline does not know; none where it was written just now."""
    from caltrop.content import baseline as known

    if update or not baseline.exists():
        count = known.write(baseline, problems)
        click.echo(f"wrote {baseline}: {count} finding(s) are known from now on", err=True)
        return []
    left = known.unknown(baseline, problems)
    click.echo(f"{len(problems) - len(left)} finding(s) are known from {baseline}", err=True)
    return left
