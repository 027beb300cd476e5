"""`caltrop test`: build the package, install it into a target, prove every detection."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caltrop.cli.options import addon_options, credential_options, hec_option, packages
from caltrop.errors import CaltropError, FindingsError

if TYPE_CHECKING:
    from caltrop.content import Catalogue, Detection
    from caltrop.replay.remote import RemoteTarget
    from caltrop.replay.verdict import Report


@click.command(short_help="Prove detections on replayed data.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--content", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Content repository.")
@click.option("--target", metavar="URL", help="Management URL of a Splunk; without it an embedded one is started.")
@hec_option
@credential_options
@addon_options
@click.option("--installed", is_flag=True, help="The target has the app already: build and install nothing.")
@click.option("--package-path", metavar="PATH", help="The folder in which the target itself finds dist/.")
@click.option(
    "--without-risk", is_flag=True, help="The target has no risk and notable actions (no Enterprise Security)."
)
@click.option("--shift", type=click.Choice(["now"]), help="Move the data to now and let the schedule find it.")
@click.option("--index", default="caltrop_test", show_default=True, help="Index that receives the data.")
@click.option(
    "--report", type=click.Path(file_okay=False, path_type=Path), help="Write HTML, JUnit XML and a layer here."
)
def command(names: tuple[str, ...], content: Path, **options: object) -> int:
    """Build the package, install it, replay each test's data, dispatch the saved searches and judge them.

    NAME is a detection's name, id or file; without one, all are proved. Exit code 1 when anything failed or nothing was
    proved.
    """
    from rich.console import Console

    from caltrop.content import load
    from caltrop.replay.console import print_report

    if options["target"] and (options["apps"] or not options["addons"]):
        raise CaltropError(
            "--app and --no-addons are for the embedded server: a target has its own apps",
            hint="install the add-on there (caltrop install)",
        )
    catalogue = load(content)
    if catalogue.blocking:
        for problem in catalogue.errors:
            click.echo(str(problem), err=True)
        raise FindingsError(
            f"nothing was built: the content has errors ({len(catalogue.errors)})", hint="fix them, then test again"
        )
    detections = _chosen(catalogue, names)
    report = _prove(catalogue, detections, content, **options)  # type: ignore[arg-type]
    print_report(report, Console(highlight=False, soft_wrap=False))
    folder = options["report"]
    if isinstance(folder, Path):
        _write(report, folder)
    return 0 if report.passed else 1


def _prove(
    catalogue: Catalogue,
    detections: list[Detection],
    content: Path,
    *,
    target: str | None,
    hec_url: str | None,
    username: str,
    password: str,
    token: str,
    insecure: bool,
    apps: tuple[Path, ...],
    addons: bool,
    installed: bool,
    package_path: str | None,
    without_risk: bool,
    shift: str | None,
    index: str,
    report: Path | None,
) -> Report:
    from caltrop.render import build
    from caltrop.replay.prove import Proof, prove
    from caltrop.replay.remote import Credentials, RemoteTarget

    with ExitStack() as stack:
        package = build(catalogue, content / "dist").package
        if target:
            credentials = Credentials(username, password, token)
            chosen = RemoteTarget.connect(target, credentials, hec_url=hec_url, verify=False if insecure else None)
        else:
            chosen = _embedded(stack, packages(apps, content), addons)
        proof = Proof(
            target=chosen,
            root=content,
            app=catalogue.config.id,
            search_name=lambda d: str(catalogue.config.rule_name(d.name)),
            cache=content / ".cache" / "datasets",
            index=index,
            shift=shift is not None,
            risk=not without_risk,
        )
        return prove(
            proof,
            detections,
            Path(package_path) if package_path else package.resolve(),
            install=not installed,
            progress=lambda result: click.echo(f"{result.status}: {result.name}", err=True),
        )


def _embedded(stack: ExitStack, apps: Sequence[Path], addons: bool) -> RemoteTarget:
    """Start the embedded server, with these apps, on free loopback ports for as long as the stack lives."""
    from caltrop.replay.remote import Credentials, RemoteTarget
    from caltrop.splunkd.inprocess import Wire
    from caltrop.splunkd.server import Server

    server = stack.enter_context(Server(addons=None if addons else ()))
    for app in apps:
        server.install(app)
    credentials = Credentials(server.username, server.password)
    return RemoteTarget.connect(server.url, credentials, hec_url=server.hec_url, wire=Wire(server.daemon))


def _chosen(catalogue: Catalogue, names: tuple[str, ...]) -> list[Detection]:
    if not names:
        if not catalogue.detections:
            raise CaltropError(
                "there is no detection here: nothing can be proved",
                hint="run in a content repository, or give --content",
            )
        return list(catalogue.detections)
    chosen = []
    for name in names:
        found = catalogue.detection(Path(name).stem if name.endswith((".yml", ".yaml")) else name)
        if found is None:
            raise CaltropError(f"no detection {name!r}", hint="give a detection's name, id, or file")
        chosen.append(found)
    return chosen


def _write(report: Report, folder: Path) -> None:
    import json

    from caltrop.replay.html import html
    from caltrop.replay.junit import junit
    from caltrop.replay.layer import layer

    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "report.html": html(report).encode(),
        "junit.xml": junit(report),
        "navigator.json": json.dumps(layer(report), indent=2).encode() + b"\n",
    }
    for name, body in files.items():
        (folder / name).write_bytes(body)
        click.echo(f"wrote {folder / name}", err=True)
