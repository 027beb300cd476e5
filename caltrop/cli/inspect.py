"""`caltrop inspect PACKAGE`: AppInspect with the cloud tag; exit 1 on anything that is not allowed by name."""

from __future__ import annotations

import json
from pathlib import Path

import click

from caltrop.inspect import Inspection
from caltrop.inspect import inspect as run_appinspect

_ORDER = ("error", "failure", "future_failure", "warning", "skipped", "not_applicable", "success")


@click.command(name="inspect")
@click.argument("package", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the result.")
def command(package: Path, form: str) -> int:
    """Run AppInspect (cloud tag) on PACKAGE and print its summary.

    Exits with 1 on any error, failure, future failure or warning, but for the warnings that are allowed by name:
    Python files found, the SDK's version detected, and subprocess.Popen inside splunklib.

    \b
    caltrop inspect dist/*.tar.gz
    caltrop inspect dist/mine-1.0.0.tar.gz --format json
    """
    inspection = run_appinspect(package)
    click.echo(json.dumps(inspection.as_json(), indent=2) if form == "json" else _text(inspection))
    for finding in inspection.refused:
        click.echo(str(finding), err=True)
    return 1 if inspection.refused else 0


def _text(inspection: Inspection) -> str:
    counts = inspection.summary
    names = [name for name in _ORDER if name in counts] + sorted(set(counts) - set(_ORDER))
    lines = [f"{inspection.app} {inspection.version}"]
    lines += [f"{name:>15}  {counts[name]}" for name in names]
    lines += [f"allowed  {finding}" for finding in inspection.allowed]
    lines.append(f"{len(inspection.refused)} refused, {len(inspection.allowed)} allowed")
    return "\n".join(lines)
