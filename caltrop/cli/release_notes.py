"""`caltrop release-notes`: what changed, for those who install the app."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("release-notes")
@click.argument("old")
@click.argument("new")
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
@click.option("--title", help="First line; the name of NEW by default.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it there.")
def command(old: str, new: str, content: Path, title: str | None, out: Path | None) -> None:
    """Write release notes from OLD to NEW: packages, app folders, or tags (any commits) of the content's git repository.

    New detections with what they find and their ATT&CK techniques; what changed in the others, the search as a diff; what is
    gone; macros, lookups and stories.

    \b
    caltrop release-notes v1.0.0 v1.1.0
    caltrop release-notes mine-1.0.0.tar.gz dist/mine-1.1.0.tar.gz -o NOTES.md
    caltrop release-notes v1.0.0 HEAD --title "Mine 1.1"
    """
    from caltrop.releases import build_of
    from caltrop.render.notes import notes

    with build_of(old, content) as before, build_of(new, content) as after:
        text = "\n".join(notes(before, after, title or Path(new).name.removesuffix(".tar.gz"))) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"wrote {out}", err=True)
