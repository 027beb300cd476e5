"""`caltrop install`: put a package into a running Splunk through its REST API."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from caltrop.errors import CaltropError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@click.command("install")
@click.argument("package", type=click.Path(path_type=Path, exists=True))
@click.option("--target", required=True, metavar="URL", help="Management address, such as https://127.0.0.1:8089.")
@click.option("--username", default="admin", show_default=True)
@click.option("--password", envvar="CALTROP_PASSWORD", help="Or CALTROP_PASSWORD in the environment.")
@click.option("--token", envvar="CALTROP_TOKEN", help="A bearer token, in place of name and password.")
@click.option("--path-on-target", metavar="PATH", help="Where the target itself finds the package, if it is elsewhere.")
def command(
    package: Path, target: str, username: str, password: str | None, token: str | None, path_on_target: str | None
) -> None:
    """Install PACKAGE into a running Splunk, or update it there; local settings of the installed app stay.

    The management API installs from a path on the server's own disk. So the target is an embedded server or a Splunk on
    this machine, or one that sees the package under --path-on-target (a mounted volume, a copied file). Splunk Cloud does
    not install private apps over this API: upload the package there under Apps, or through the Admin Config Service.
    """
    import splunklib.client as client
    from splunklib.binding import AuthenticationError, HTTPError

    parts = urlsplit(target)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CaltropError(f"not a management address: {target!r}", hint="write https://HOST:8089")
    if not password and not token:
        raise CaltropError("no credentials", hint="give --password or --token, or set CALTROP_PASSWORD")
    if parts.hostname.endswith(".splunkcloud.com"):
        raise CaltropError(
            "Splunk Cloud does not install apps through its management API",
            hint="upload the package under Apps > Manage Apps, or with the Admin Config Service (acs apps install private)",
        )
    if path_on_target is None and parts.hostname not in LOOPBACK:
        raise CaltropError(
            f"{parts.hostname} installs packages from its own disk, and nothing is uploaded",
            hint="copy the package there and name its path with --path-on-target",
        )
    credentials = {"splunkToken": token} if token else {"username": username, "password": password}
    try:
        service = client.connect(host=parts.hostname, port=parts.port or 8089, scheme=parts.scheme, **credentials)
        path = path_on_target or str(package.resolve())
        service.post("apps/local", name=path, filename="true", update="true")
    except AuthenticationError as error:
        raise CaltropError(f"{target} refused the credentials: {error}") from error
    except HTTPError as error:
        raise CaltropError(f"{target} did not install the package: {error}") from error
    except OSError as error:
        raise CaltropError(f"cannot reach {target}: {error}", hint="is the server running?") from error
    click.echo(f"installed {package.name} into {target}")
    if service.restart_required:
        click.echo("the target asks for a restart", err=True)
