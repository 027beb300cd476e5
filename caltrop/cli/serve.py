"""`caltrop serve`: the embedded, Splunk-compatible server, until it is told to stop."""

from __future__ import annotations

import re
import secrets
import signal
import threading
from pathlib import Path

import click

from caltrop.cli.options import addon_options, packages
from caltrop.errors import CaltropError


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; any other is refused.")
@click.option("--port", default=8089, show_default=True, help="Management port; 0 chooses a free one.")
@click.option("--hec-port", default=8088, show_default=True, help="HTTP Event Collector port; 0 chooses a free one.")
@click.option("--web-port", default=8000, show_default=True, help="Port of the placeholder page; -1 for none.")
@click.option("--password", envvar="CALTROP_PASSWORD", help="Password of admin; chosen (and printed) when not given.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keeps events and configuration; without it everything is gone at the end.",
)
@addon_options
@click.option(
    "--splunk-version",
    metavar="VERSION",
    help="The release to claim, such as 9.4; answers are those of the default, 10.4.2, whatever is claimed.",
)
@click.option("--hec-token", envvar="CALTROP_HEC_TOKEN", help="Create a collector token `default` with this value.")
def command(
    host: str,
    port: int,
    hec_port: int,
    web_port: int,
    password: str | None,
    data_dir: Path | None,
    apps: tuple[Path, ...],
    addons: bool,
    splunk_version: str | None,
    hec_token: str | None,
) -> None:
    """Run the embedded, Splunk-compatible server.

    Prints its addresses and credentials on stdout when it answers requests, one `name value` pair a line; SIGINT or
    SIGTERM ends it.
    """
    from caltrop.splunkd.server import Server
    from caltrop.splunkd.wire.http import VERSION

    if splunk_version is not None and not re.fullmatch(r"\d+\.\d+(\.\d+){0,2}", splunk_version):
        raise click.BadParameter(
            f"{splunk_version!r} is no release: expected numbers such as 9.4 or 10.4.2", param_hint="--splunk-version"
        )

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    password = password or (secrets.token_urlsafe(12) if data_dir is None else None)
    server = Server(
        data_dir,
        host=host,
        port=port,
        hec_port=hec_port,
        web_port=None if web_port < 0 else web_port,
        password=password,
        addons=None if addons else (),
        version=splunk_version or VERSION,
    )
    try:
        for package in packages(apps):
            click.echo(f"installed {server.install(package)}", err=True)
        if hec_token:
            server.create_hec_token("default", hec_token)
        server.start()
        lines = [("management", server.url), ("hec", server.hec_url)]
        if server.web_port:
            lines.append(("web", f"http://{host}:{server.web_port}"))
        lines += [("username", server.username), ("password", server.password or "(as set before)")]
        for name, value in lines:
            click.echo(f"{name} {value}")
        click.echo("ready")
        stop.wait()
    except OSError as error:
        raise CaltropError(f"cannot serve: {error}") from error
    finally:
        server.stop()
