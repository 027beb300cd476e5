"""`caltrop replay`: send datasets to a target, and nothing else."""

from __future__ import annotations

from pathlib import Path

import click

from caltrop.cli.options import Login, credential_options, hec_options


@click.command(short_help="Send datasets to a target.")
@click.argument("datasets", nargs=-1, required=True, metavar="DATASET...")
@click.option("--target", required=True, metavar="URL", help="Management URL of a Splunk.")
@hec_options
@credential_options
@click.option("--index", default="main", show_default=True)
@click.option("--host", default="caltrop", show_default=True)
@click.option("--source", default="", help="Default: what the data says.")
@click.option("--sourcetype", default="", help="Default: what the data says.")
@click.option("--windows", type=click.Choice(["xml", "classic"]), help="Render Windows events of a capture like this.")
@click.option("--shift", type=click.Choice(["now"]), help="Move the data so that its last event happened just now.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), default=Path(".cache/datasets"))
def command(
    datasets: tuple[str, ...],
    target: str,
    hec_url: str | None,
    hec_token: str | None,
    login: Login,
    index: str,
    host: str,
    source: str,
    sourcetype: str,
    windows: str | None,
    shift: str | None,
    cache: Path,
) -> None:
    """Send each DATASET: a file, an archive, `archive!member`, or an https URL.

    What Splunk reads as it is goes raw, when --source and --sourcetype name it; everything else event by event.

    \b
    caltrop replay --target https://splunk:8089 capture.zip
    caltrop replay --target https://splunk:8089 sysmon.evtx --index attack --shift now
    """
    import time

    from caltrop.content.model import AttackData
    from caltrop.replay.datasets import resolve
    from caltrop.replay.delivery import deliver
    from caltrop.replay.target import Source

    chosen = login.connect(target, hec_url=hec_url, hec_token=hec_token)
    chosen.ensure_index(index, searched=False)
    chosen.allow(index)
    for name in datasets:
        location, _, member = name.partition("!")
        data = AttackData(data=location, member=member, rendering=windows or "")
        dataset = resolve(data, Path(), cache, anywhere=True)
        end = time.time() if shift else None
        count = deliver(chosen, dataset, Source(index, host, source, sourcetype), end)
        click.echo(f"{dataset.label}: " + ("sent as it is" if count is None else f"{count} events sent"))
