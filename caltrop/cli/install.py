"""`caltrop install`: put a package into a running Splunk through its REST API, or into Splunk Cloud through ACS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caltrop.cli.options import Login, credential_options, secret
from caltrop.errors import CaltropError, FindingsError

if TYPE_CHECKING:
    from caltrop.cloud.wire import Wire

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
ACKNOWLEDGE = (
    "Splunk wants it acknowledged that a private app runs at your own risk: Splunk answers neither for it nor for data that "
    "leaves the stack because of it"
)


@click.command("install")
@click.argument("package", type=click.Path(path_type=Path, exists=True))
@click.option("--target", metavar="URL", help="Management address, such as https://127.0.0.1:8089.")
@credential_options
@click.option("--path-on-target", metavar="PATH", help="Where the target itself finds the package, if it is elsewhere.")
@click.option(
    "--keep-lookup", "keep", multiple=True, metavar="NAME",
    help="A lookup file of the package that keeps the rows it has on the target; may be repeated.",
)  # fmt: skip
@click.option("--acs", metavar="STACK", help="A stack of Splunk Cloud instead, by its name.")
@click.option("--acs-token-file", type=_file, metavar="FILE", help="Token of the stack; or CALTROP_ACS_TOKEN.")
@click.option(
    "--appinspect-token-file", type=_file, metavar="FILE",
    help="Token of splunk.com; or CALTROP_APPINSPECT_TOKEN, or CALTROP_SPLUNK_USERNAME and CALTROP_SPLUNK_PASSWORD.",
)  # fmt: skip
@click.option("--experience", type=click.Choice(["victoria", "classic"]), help="Of the stack, if it does not tell.")
@click.option("--acs-legal-ack", type=click.Choice(["Y"]), help="Acknowledge that a private app runs at your own risk.")
@click.option("--acs-url", metavar="URL", help="Where ACS is, for FedRAMP stacks.")
def command(
    package: Path, target: str | None, login: Login, path_on_target: str | None, keep: tuple[str, ...], acs: str | None,
    acs_token_file: Path | None, appinspect_token_file: Path | None, experience: str | None, acs_legal_ack: str | None, acs_url: str | None,
) -> None:  # fmt: skip
    """Install PACKAGE into a running Splunk, or update it there; local settings of the installed app stay.

    Schedules, filter macros and lookups that the site made stay. A lookup file that the package brings is replaced by it, unless
    --keep-lookup names it; those that will lose other rows are told.

    The management API installs from a path on the server's own disk. So the --target is an embedded server or a Splunk on
    this machine, or one that sees the package under --path-on-target (a mounted volume, a copied file).

    Splunk Cloud takes private apps through its Admin Config Service: --acs STACK has the AppInspect service check the
    package, and installs it when nothing keeps it from being. No token of either is taken as an argument. Unverified:
    nobody has run --acs against Splunk Cloud yet; its tests run against a stand-in.

    \b
    caltrop install dist/mine-1.0.0.tar.gz --target https://splunk:8089 --path-on-target /tmp/mine-1.0.0.tar.gz
    CALTROP_TOKEN=… caltrop install dist/mine-1.0.0.tar.gz --target https://127.0.0.1:8089
    caltrop install dist/mine-1.0.0.tar.gz --acs mystack --acs-token-file acs.token --acs-legal-ack Y
    """
    if (target is None) == (acs is None):
        raise click.UsageError("say where: --target URL, or --acs STACK for Splunk Cloud")
    if acs is not None:
        if path_on_target is not None or keep:
            raise click.UsageError(
                "--path-on-target and --keep-lookup are for --target: to Splunk Cloud the package is uploaded"
            )
        token = _token(acs_token_file, "--acs-token-file", "CALTROP_ACS_TOKEN")
        if not token:
            raise CaltropError(
                "no token of the stack",
                hint="make one in Splunk Web under Settings > Tokens, and set CALTROP_ACS_TOKEN or give --acs-token-file",
            )
        if acs_legal_ack is None:
            raise CaltropError(ACKNOWLEDGE, hint="say --acs-legal-ack Y when you do")
        inspected = _token(appinspect_token_file, "--appinspect-token-file", "CALTROP_APPINSPECT_TOKEN")
        _cloud(package, acs, token, inspected, experience, acs_url)
        return
    assert target is not None
    _install(package, target, login, path_on_target, keep)


def _install(package: Path, target: str, login: Login, path_on_target: str | None, keep: tuple[str, ...]) -> None:
    from caltrop.operate import lookups
    from caltrop.replay.remote import LOOPBACK, parsed

    host = parsed(target).hostname
    if package.is_dir() and not any((package / name).is_dir() for name in ("default", "local", "bin", "metadata")):
        raise CaltropError(
            f"{package} is no app: it has neither default nor local",
            hint="a content repository is built first: caltrop build",
        )
    if host and host.endswith((".splunkcloud.com", ".splunkcloudgc.com")):
        raise CaltropError(
            "Splunk Cloud does not install apps through its management API",
            hint=f"say --acs {host.partition('.')[0]} instead of --target, or upload the package under Apps > Manage Apps",
        )
    if path_on_target is None and host and host not in LOOPBACK:
        raise CaltropError(
            f"{host} installs packages from its own disk, and nothing is uploaded",
            hint="copy the package there and name its path with --path-on-target",
        )
    chosen = login.connect(target)
    new = lookups.brought(package) if package.is_file() else lookups.Brought(package.resolve().name, {})
    kept = lookups.set_aside(chosen, new, keep)
    for name, (had, has) in lookups.replaced(chosen, new).items():
        if name not in kept:
            click.echo(
                f"{name} had {had} rows here, which the {has} of the package replace (--keep-lookup {name} keeps them)",
                err=True,
            )
    try:
        chosen.install(Path(path_on_target) if path_on_target else package.resolve())
    finally:
        lookups.put_back(chosen, new, kept)
    click.echo(f"installed {package.name} into {target}")
    if chosen.service.restart_required:
        click.echo("the target asks for a restart", err=True)


def _token(file: Path | None, option: str, variable: str) -> str:
    return secret(file, option) if file is not None else os.environ.get(variable, "").strip()


def _cloud(package: Path, name: str, token: str, inspected: str, experience: str | None, url: str | None) -> None:
    from caltrop.cloud import acs, appinspect
    from caltrop.cloud.package import packed

    app = packed(package)
    wire = _wire()
    stack = acs.Stack.named(wire, name, token, url or acs.SERVICE)
    kind = next((one for one in acs.EXPERIENCES if one == experience), None) or stack.experience()
    there = stack.app(app.name, kind)
    if there is not None:
        click.echo(f"{stack.name} has {there.name} {there.version}", err=True)
    inspected = inspected or _logged_in(wire)
    report = appinspect.inspect(wire, package, inspected, f"private_{kind}", appinspect.SERVICE)
    counts = ", ".join(f"{count} {word}" for word, count in sorted(report.summary.items()) if count)
    if not report.passed:
        for line in report.blocking:
            click.echo(line, err=True)
        raise FindingsError(
            f"AppInspect keeps {package.name} from being installed: {counts}",
            hint="a manual_check is for Splunk's support to look at; the rest is for you to mend",
        )
    click.echo(f"AppInspect: {counts}", err=True)
    done = stack.install(package, app.name, app.version, inspected, kind)
    click.echo(f"installed {done.name} {done.version or app.version} into {stack.name}")
    if stack.restart_required():
        click.echo(f"{stack.name} asks for a restart", err=True)


def _wire() -> Wire:
    from caltrop.cloud.wire import Wire

    return Wire(tell=lambda text: click.echo(text, err=True))


def _logged_in(wire: Wire) -> str:
    from caltrop.cloud import appinspect

    username, password = os.environ.get("CALTROP_SPLUNK_USERNAME", ""), os.environ.get("CALTROP_SPLUNK_PASSWORD", "")
    if not username or not password:
        raise CaltropError(
            "no account of splunk.com for AppInspect",
            hint="set CALTROP_SPLUNK_USERNAME and CALTROP_SPLUNK_PASSWORD, or CALTROP_APPINSPECT_TOKEN",
        )
    return appinspect.login(wire, username, password, appinspect.LOGIN)
