"""`caltrop validate`: every fault at once."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("validate")
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
def command(content: Path) -> int:
    """Report every error in the content, with file, line and column; exit code 1 when there is one."""
    from caltrop.content import load

    catalogue = load(content)
    for problem in catalogue.problems:
        click.echo(f"{problem.place}: {problem.severity}: {problem.message} [{problem.code}]")
        if problem.hint:
            click.echo(f"  hint: {problem.hint}")
    errors, total = len(catalogue.errors), len(catalogue.problems)
    click.echo(f"{errors} error(s), {total - errors} warning(s)", err=True)
    return 1 if errors else 0
