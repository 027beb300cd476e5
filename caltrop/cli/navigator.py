"""`caltrop navigator`: which ATT&CK techniques the content covers."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("navigator")
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; standard output by default.")
def command(content: Path, out: Path | None) -> None:
    """Write an ATT&CK Navigator layer: open it in the Navigator with "Open Existing Layer".

    \b
    caltrop navigator
    caltrop navigator --content ../detections --out layer.json
    """
    from caltrop.content import load
    from caltrop.render.navigator import layer

    text = json.dumps(layer(load(content, checks=False)), indent=2)
    if out is None:
        click.echo(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    click.echo(str(out))
