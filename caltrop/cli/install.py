"""`caltrop install`: put a package into a running Splunk through its REST API."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from caltrop.cli.options import credential_options
from caltrop.errors import CaltropError


@click.command("install")
@click.argument("package", type=click.Path(path_type=Path, exists=True))
@click.option("--target", required=True, metavar="URL", help="Management address, such as https://127.0.0.1:8089.")
@credential_options
@click.option("--path-on-target", metavar="PATH", help="Where the target itself finds the package, if it is elsewhere.")
def command(
    package: Path, target: str, username: str, password: str, token: str, insecure: bool, path_on_target: str | None
) -> None:
    """Install PACKAGE into a running Splunk, or update it there; local settings of the installed app stay.

    The management API installs from a path on the server's own disk. So the target is an embedded server or a Splunk on
    this machine, or one that sees the package under --path-on-target (a mounted volume, a copied file). Splunk Cloud does
    not install private apps over this API: upload the package there under Apps, or through the Admin Config Service.

    \b
    caltrop install dist/mine-1.0.0.tar.gz --target https://splunk:8089
    CALTROP_TOKEN=… caltrop install dist/mine-1.0.0.tar.gz --target https://splunk:8089
    """
    from caltrop.replay.remote import LOOPBACK, Credentials, RemoteTarget

    parts = urlsplit(target)
    host = parts.hostname if parts.scheme in ("http", "https") else None
    if not password and not token:
        raise CaltropError("no credentials", hint="give --password or --token, or set CALTROP_PASSWORD")
    if host and host.endswith(".splunkcloud.com"):
        raise CaltropError(
            "Splunk Cloud does not install apps through its management API",
            hint="upload the package under Apps > Manage Apps, or with the Admin Config Service (acs apps install private)",
        )
    if path_on_target is None and host and host not in LOOPBACK:
        raise CaltropError(
            f"{host} installs packages from its own disk, and nothing is uploaded",
            hint="copy the package there and name its path with --path-on-target",
        )
    chosen = RemoteTarget.connect(target, Credentials(username, password, token), verify=False if insecure else None)
    chosen.install(Path(path_on_target) if path_on_target else package.resolve())
    click.echo(f"installed {package.name} into {target}")
    if chosen.service.restart_required:
        click.echo("the target asks for a restart", err=True)
