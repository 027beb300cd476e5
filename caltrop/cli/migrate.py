"""`caltrop migrate`: older schemas to today's."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("migrate")
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
def command(content: Path, dry_run: bool) -> int:
    """Rewrite files of the 2021, 2024 and 2025 schemas in today's, in place, keeping comments.

    Prints each file, with what had to be chosen. Exit code 1 when a file could not be rewritten.

    \b
    caltrop migrate
    caltrop migrate ../security_content
    """
    from caltrop.content.migrate import migrate

    results = migrate(content)
    for result in results:
        click.echo(result.file)
        for note in result.notes:
            click.echo(f"  {note}")
        for absorbed in result.absorbed:
            click.echo(f"  {absorbed} is part of it now")
        if result.text is not None and not dry_run:
            (content / result.file).write_bytes(result.text.encode())
            for absorbed in result.absorbed:
                (content / absorbed).unlink(missing_ok=True)
    failed = sum(result.text is None for result in results)
    verb = "would be rewritten" if dry_run else "rewritten"
    click.echo(f"{len(results) - failed} file(s) {verb}, {failed} left as they were", err=True)
    return 1 if failed else 0
