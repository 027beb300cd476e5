"""`caltrop docs`: the documentation site of the content."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("docs")
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; dist/site of the repository by default.")
@click.option("--results", type=click.Path(path_type=Path), help="JUnit report of `caltrop test`, for the test column.")
def command(content: Path, out: Path | None, results: Path | None) -> None:
    """Write a static site: a page a detection, indexes, search. Open its index.html; no server is needed.

    \b
    caltrop docs
    caltrop docs --results reports/junit.xml --out public
    """
    from caltrop.content import load
    from caltrop.render.docs import read_results, write_site

    folder = out or content / "dist" / "site"
    found = read_results(results) if results else None
    count = write_site(load(content, checks=False), folder, found)
    click.echo(f"{count} files", err=True)
    click.echo(str(folder / "index.html"))
