"""`caltrop build`: validate, render and package."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from caltrop.cli.progress import waiting
from caltrop.errors import FindingsError

if TYPE_CHECKING:
    from caltrop.content import Catalogue


@click.command("build")
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to build; dist/ of the repository by default.")
@click.option("--unchecked", is_flag=True, help="Build without validation: content that is known to be sound.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the .cache folder of the output.")
def command(content: Path, out: Path | None, unchecked: bool, no_cache: bool) -> None:
    """Validate, render and package the content; prints the package path last.

    A repository that was made for another generator (contentctl.yml, or no app.yml) is built in spite of errors.

    \b
    caltrop build
    caltrop build --content ../detections --out /tmp/packages
    """
    from caltrop.render.reuse import FOLDER, observe, previous, remember

    folder = out or content / "dist"
    options = f"unchecked={unchecked}"
    record = None if no_cache else previous(content, folder, options)
    if record is None:
        from caltrop.content.config import load_config

        before = None if no_cache else observe(content, load_config(content)[0].template, options)
        record, probes = _build(content, folder, unchecked, None if no_cache else folder / FOLDER)
        if before:
            remember(content, folder, options, before, probes, record)
    for line in record["talk"]:
        click.echo(line, err=True)
    click.echo(record["package"])


def _build(content: Path, out: Path, unchecked: bool, cache: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Build, and what there is to remember: the record, and paths whose existence decided what validation said."""
    from caltrop.content import load
    from caltrop.render import build

    gc.disable()  # everything that is made is kept until the end: collecting would only walk it
    with waiting("reading the content"):
        catalogue = load(content, checks=not unchecked, places=False, cache=cache)
    _refuse(catalogue)
    with waiting("building the package"):
        result = build(catalogue, out)
    talk = [f"{len(catalogue.detections)} detections, {result.files} files, sha256 {result.sha256}"]
    if catalogue.problems:
        errors = len(catalogue.errors)
        counts = f"{errors} error(s), {len(catalogue.problems) - errors} warning(s)"
        talk.insert(0, f"{counts} in the content; `caltrop validate` shows them")
    data = {d.data for i in catalogue.detections for t in i.tests for d in (*t.attack_data, *t.benign, *t.fallback)}
    record = {
        "template": catalogue.config.template,
        "package": str(result.package),
        "tree": str(result.tree),
        "sha256": result.sha256,
        "talk": talk,
    }
    probes = data | {addon.path for addon in catalogue.config.addons}
    return record, [path for path in sorted(probes) if path and "://" not in path]


def _refuse(catalogue: Catalogue) -> None:
    """Say every error that stops the build, and stop."""
    if catalogue.blocking:
        from caltrop.content.report import text

        for line in text(catalogue.blocking, Path(catalogue.root)):
            click.echo(line, err=True)
        raise FindingsError(f"{len(catalogue.errors)} error(s): nothing was built", hint="`caltrop validate` shows all")
