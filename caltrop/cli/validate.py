"""`caltrop validate`: every fault at once."""

from __future__ import annotations

from pathlib import Path

import click


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
@click.option("--fix", "mend", is_flag=True, help="Mend what can be mended mechanically first; says what it did.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path),
    is_flag=False,
    flag_value="schemas",
    metavar="[FOLDER]",
    help="Write a JSON Schema of every object into a folder, schemas/ by default, and do nothing else.",
)
def command(content: Path, format_: str, mend: bool, schema: Path | None) -> int:
    """Report every error in the content, with file, line and column; exit code 1 when there is one."""
    from caltrop.content import load
    from caltrop.content.report import FORMATS

    if schema:
        from caltrop.content.published import write_schemas

        for path in write_schemas(schema):
            click.echo(str(path))
        return 0
    if mend:
        from caltrop.content.fix import fix

        for done in fix(content):
            click.echo(f"fixed {done.file}: {done.message} [{done.code}]", err=True)
    catalogue = load(content)
    for line in FORMATS[format_](catalogue.problems):
        click.echo(line)
    if not catalogue.config.file:
        click.echo("no app.yml: a build takes default names (docs/content.md)", err=True)
    errors, total = len(catalogue.errors), len(catalogue.problems)
    click.echo(f"{errors} error(s), {total - errors} warning(s)", err=True)
    return 1 if errors else 0
