"""`caltrop serve`: the embedded, Splunk-compatible server, until it is told to stop."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import click

from caltrop import children
from caltrop.cli.options import addon_options, packages
from caltrop.errors import CaltropError

# For an orderly end. Within five the process is to be gone, and the kernel has its memory to take back.
END_SECONDS = 3.0
_PORT = click.IntRange(0, 65535)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; any other is refused.")
@click.option("--port", default=8089, type=_PORT, show_default=True, help="Management port; 0 chooses a free one.")
@click.option(
    "--hec-port", default=8088, type=_PORT, show_default=True, help="HTTP Event Collector port; 0 chooses a free one."
)
@click.option(
    "--web-port",
    default=8000,
    type=click.IntRange(-1, 65535),
    show_default=True,
    help="Port of the console; -1 for none.",
)
@click.option("--password", envvar="CALTROP_PASSWORD", help="Password of admin; chosen (and printed) when not given.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keeps events and configuration; without it everything is gone at the end.",
)
@addon_options
@click.option(
    "--content",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="A content repository that is being edited: the console lists its detections and runs their tests.",
)
@click.option(
    "--splunk-version",
    metavar="VERSION",
    help="The release to claim, such as 9.4; answers are those of the default, 10.4.2, but for what docs/rest.md lists.",
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="CALTROP_PASSWORD_FILE",
    help="Its first line is the password of admin: a list of processes shows arguments, not files.",
)
@click.option(
    "--allow-file-inputs",
    is_flag=True,
    help="Inputs (oneshot, monitor) may read any file that this user may; else those of the data directory only.",
)
@click.option(
    "--allow-scripts",
    is_flag=True,
    help="Scripted and modular inputs and alert actions of apps may run; their search commands may in any case.",
)
@click.option("--search-rows", default=10_000_000, show_default=True, help="Rows that one search may make.")
@click.option(
    "--search-memory", default=1024, show_default=True, metavar="MB", help="What the table of one search may take."
)
@click.option(
    "--value-length", default=16 << 20, show_default=True, metavar="BYTES", help="The longest value of a search."
)
@click.option("--keep-memory", default=512, show_default=True, metavar="MB", help="What is kept for the next search.")
@click.option(
    "--max-memory",
    default=4096,
    show_default=True,
    metavar="MB",
    help="Of the whole process; above it the largest search ends. 0: no limit.",
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
    content: Path | None,
    splunk_version: str | None,
    search_rows: int,
    search_memory: int,
    value_length: int,
    keep_memory: int,
    max_memory: int,
    allow_file_inputs: bool,
    allow_scripts: bool,
    password_file: Path | None,
    hec_token: str | None,
) -> None:
    """Run the embedded, Splunk-compatible server.

    Prints its addresses and credentials on stdout when it answers requests, one `name value` pair a line; SIGINT or
    SIGTERM ends it.

    \b
    caltrop serve
    caltrop serve --data-dir /tmp/splunk --app dist/mine-1.0.0.tar.gz
    caltrop serve --content .
    """
    from caltrop.engine.budget import Limits
    from caltrop.splunkd.server import Server
    from caltrop.splunkd.state.settings import Settings
    from caltrop.splunkd.wire.http import VERSION

    if splunk_version is not None and not re.fullmatch(r"\d+\.\d+(\.\d+){0,2}", splunk_version):
        raise click.BadParameter(
            f"{splunk_version!r} is no release: expected numbers such as 9.4 or 10.4.2", param_hint="--splunk-version"
        )

    stop = threading.Event()
    folder: list[Path] = []

    def asked(*_: object) -> None:
        if not stop.is_set():
            stop.set()
            threading.Thread(target=_end_anyway, args=(folder,), name="end", daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)
    if password_file is not None:
        password = password_file.read_text().partition("\n")[0].rstrip("\r")
        if not password:
            raise click.BadParameter("its first line is empty", param_hint="--password-file")
    edited = None
    if content is not None:
        from caltrop.testing.edited import EditedRepository

        kept = None if data_dir is None else data_dir / "var" / "lib" / "caltrop" / "verdicts.json"
        edited = EditedRepository(content, apps, addons=addons, kept=kept)
    os.umask(0o077)  # what is kept here is for this user alone
    password = password or (secrets.token_urlsafe(12) if data_dir is None else None)
    try:
        server = Server(
            data_dir,
            host=host,
            port=port,
            hec_port=hec_port,
            web_port=None if web_port < 0 else web_port,
            password=password,
            addons=None if addons else (),
            version=splunk_version or VERSION,
            settings=Settings(
                file_inputs=allow_file_inputs,
                scripts=allow_scripts,
                limits=Limits(rows=search_rows, memory=search_memory << 20, value=value_length),
                keep=keep_memory << 20,
                memory=max_memory << 20,
            ),
            content=edited,
        )
    except OSError as error:
        raise CaltropError(
            f"cannot serve from {data_dir or 'a temporary directory'}: {error}",
            hint="it has to be a directory to write in",
        ) from error
    if data_dir is None:
        folder.append(server.daemon.state.data_dir)
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
        if edited is not None:
            edited.stop()
        server.stop()
        if stop.is_set():
            children.end_all()
            _leave()


def _end_anyway(folder: list[Path]) -> None:
    """The server was told to stop: whatever still runs then, its process ends, with its scripts and its temporary directory."""
    children.end_all()
    time.sleep(END_SECONDS)
    children.end_all()
    for path in folder:
        shutil.rmtree(path, ignore_errors=True)
    _leave()


def _leave() -> None:
    """End the process now: a thread that hangs would hold up an ordinary exit."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
