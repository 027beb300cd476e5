"""caltrop conformance DIR…: run conformance cases; the last line is 'N passed, M failed'."""

from __future__ import annotations

from pathlib import Path

import click

from caltrop import conformance
from caltrop.errors import CaltropError


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--case", "wanted", multiple=True, help="Run only the cases of this id (may be repeated).")
def command(paths: tuple[Path, ...], wanted: tuple[str, ...]) -> int:
    """Run the conformance cases in files or folders of *.yaml files.

    \b
    caltrop conformance cases/
    caltrop conformance cases/stats.yaml
    """
    passed = failed = 0
    for path in paths:
        for case in conformance.read_cases(path):
            if wanted and case.id not in wanted:
                continue
            outcome = conformance.run_case(case)
            if not outcome.difference:
                passed += 1
                continue
            failed += 1
            click.echo(f"{case.location.file}:{case.location.line}: {case.id}", err=True)
            for line in str(case.data["search"]).splitlines():
                click.echo(f"    {line}", err=True)
            for line in outcome.difference.splitlines():
                click.echo(f"  {line}", err=True)
    if not passed + failed:
        what = f"no case is called {' or '.join(wanted)}" if wanted else "there is no case"
        raise CaltropError(f"{', '.join(map(str, paths))}: {what}", hint="cases are items with 'id:' in *.yaml files")
    click.echo(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
