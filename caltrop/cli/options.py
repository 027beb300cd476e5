"""Options that several commands share, so that they are spelled and explained once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from caltrop.errors import CaltropError

if TYPE_CHECKING:
    from caltrop.replay.remote import RemoteTarget

F = TypeVar("F", bound=Callable[..., Any])


def addon_options(command: F) -> F:
    """--app and --no-addons, of every command that looks at events: `packages` says what they come to."""
    for option in (
        click.option(
            "--addons/--no-addons", default=True, help="Use Caltrop's own add-ons (default); those you install stay."
        ),
        click.option(
            "--app", "apps", multiple=True, type=click.Path(exists=True, path_type=Path), metavar="PACKAGE",
            help="An add-on or other app: a folder, .tar.gz, .spl or .zip; may be repeated. So is `addons` of app.yml.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def packages(apps: Sequence[Path], root: Path = Path()) -> list[Path]:
    """What to install: the `addons` of the app.yml in this folder, if there is one, then what --app names."""
    if not _may_list_addons(root / "app.yml"):
        return list(apps)
    from caltrop.content.config import addon_packages

    return [*addon_packages(root), *apps]


def _may_list_addons(file: Path) -> bool:
    """Whether the key can be in the file at all, as it is or escaped: most list none, and a search need not load what reads them."""
    if not file.is_file():
        return False
    text = file.read_bytes()
    return b"addons" in text or b"\\" in text


windows_option = click.option(
    "--windows", type=click.Choice(["xml", "classic"]), default="xml", help="How Windows events are rendered."
)


attack_data_option = click.option(
    "--attack-data", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="A local clone of published data (attack_data), found by the path of its URLs; may be repeated. "
    "So is `data_cache` of app.yml.",
)  # fmt: skip


def data_options(command: F) -> F:
    """--data and what says how it is read, of commands that search over files (`loading.loaded`)."""
    for option in (
        windows_option,
        click.option(
            "--read-as", default="auto", metavar="FORMAT",
            help="What the files are, instead of finding out: a name of docs/importing.md.",
        ),
        click.option("--host", help="Give all events this host."),
        click.option("--source", help="Give all events this source."),
        click.option("--sourcetype", help="Give all events this source type."),
        click.option("--index", help="Put all events into this index."),
        click.option("--now", type=float, metavar="EPOCH", help="Pin the current time."),
        click.option(
            "--lookup", "lookups", multiple=True, metavar="FILE.csv",
            type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A lookup, by its name; may be repeated.",
        ),
        click.option(
            "--data", multiple=True, metavar="PATH",
            help="A file, folder, archive, archive!member, or - for standard input; may be repeated.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Login:
    """What the command line says about logging in to a target."""

    username: str
    password: str
    token: str
    insecure: bool
    ca: Path | None

    def connect(self, url: str, *, hec_url: str | None = None, hec_token: str | None = None) -> RemoteTarget:
        """Raises TargetError where nobody answers, the certificate is not good, or the login is refused."""
        from caltrop.replay.remote import Credentials, RemoteTarget

        if not self.password and not self.token:
            raise CaltropError(
                "no credentials",
                hint="set CALTROP_PASSWORD or CALTROP_TOKEN, or give --password-file, --token-file, --password or --token",
            )
        return RemoteTarget.connect(
            url,
            Credentials(self.username, self.password, self.token),
            hec_url=hec_url,
            hec_token=hec_token,
            verify=False if self.insecure else None,
            ca=self.ca,
        )


def secret(path: Path, option: str) -> str:
    """The first line of a file. Raises BadParameter when it is empty or no text."""
    try:
        found = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except UnicodeError:
        raise click.BadParameter(f"{path} is not text", param_hint=option) from None
    if not found:
        raise click.BadParameter(f"the first line of {path} is empty", param_hint=option)
    return found


_file = click.Path(exists=True, dir_okay=False, path_type=Path)


def credential_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How commands log in to a target: --username, a password or a token (environment, file, argument), and what their
    certificate is checked by. The command is called with `login`."""

    @wraps(command)
    def called(
        *args: Any, username: str, password: str, token: str, insecure: bool, ca: Path | None,
        password_file: Path | None, token_file: Path | None, **given: Any,
    ) -> Any:  # fmt: skip
        if insecure and ca is not None:
            raise click.UsageError("--ca says what the certificate is checked by, --insecure that it is not: give one")
        if password_file is not None:
            password = secret(password_file, "--password-file")
        if token_file is not None:
            token = secret(token_file, "--token-file")
        return command(*args, login=Login(username, password, token, insecure, ca), **given)

    wrapped: Callable[..., Any] = called
    for option in (
        click.option("--insecure", is_flag=True, help="Do not check the target's certificate."),
        click.option("--ca", type=_file, envvar="CALTROP_CA", metavar="FILE", help="Certificates (PEM) to check it by."),
        click.option("--token-file", type=_file, metavar="FILE", help="The token is its first line."),
        click.option("--token", default="", envvar="CALTROP_TOKEN", help="A bearer token instead; or CALTROP_TOKEN."),
        click.option("--password-file", type=_file, metavar="FILE", help="The password is its first line."),
        click.option(
            "--password", default="", envvar="CALTROP_PASSWORD",
            help="Or CALTROP_PASSWORD; a list of processes shows arguments.",
        ),
        click.option("--username", default="admin", show_default=True, envvar="CALTROP_USERNAME"),
    ):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped


def installed_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--target, how to log in, and --app-id, of commands that look at an installed app. The command is called with `target`,
    `login` and `app` (None: the only one that has detections)."""

    @wraps(command)
    def called(*args: Any, app: str | None, **given: Any) -> Any:
        return command(*args, app=app or app_here(), **given)

    return click.option(
        "--target", required=True, envvar="CALTROP_TARGET", metavar="URL",
        help="Management address, such as https://127.0.0.1:8089; or CALTROP_TARGET.",
    )(
        credential_options(
            click.option(
                "--app-id", "app", metavar="ID",
                help="The installed app: by default the one of the app.yml here, else the only one that has detections.",
            )(called)
        )
    )  # fmt: skip


def app_here(root: Path = Path()) -> str | None:
    """The id of the app that the repository in this folder builds, None where this is none."""
    if not (root / "app.yml").is_file():
        return None
    from caltrop.content.config import load_config

    return load_config(root)[0].id


def chosen_options(command: F) -> F:
    """NAME…, --story and --all, of commands that change detections; and --dry-run."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing."),
        click.option("--all", "everything", is_flag=True, help="Every detection of the app."),
        click.option("--story", "stories", multiple=True, metavar="STORY", help="All that tell it; may be repeated."),
        click.argument("names", nargs=-1, metavar="[NAME]..."),
    ):
        command = option(command)
    return command


def hec_options(command: F) -> F:
    """--hec-url and --hec-token of commands that send events to a target."""
    for option in (
        click.option(
            "--hec-token", envvar="CALTROP_HEC_TOKEN", metavar="TOKEN",
            help="A token that may write the index, for users who may not make one; or CALTROP_HEC_TOKEN.",
        ),
        click.option("--hec-url", metavar="URL", help="The target's HTTP Event Collector, if its settings do not tell."),
    ):  # fmt: skip
        command = option(command)
    return command
