"""Where knowledge ships: the system's own layer in this room, the add-ons beside the code.

The add-ons are what a real Splunk gets from installed apps; the system layer is what it has without any.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from caltrop.errors import Location
from caltrop.knowledge.package import PackageError, install_app
from caltrop.shipped import shipped

SYSTEM_LAYER = Path(__file__).resolve().parent / "system"


def layers(*, addons: bool = True) -> list[Path]:
    """The folders that every instance starts from: the system layer, and the add-ons unless they are left out."""
    return [SYSTEM_LAYER, *(addon_apps() if addons else ())]


@contextmanager
def app_folders(packages: Sequence[Path], *, addons: bool = True) -> Iterator[list[Path]]:
    """The app folders that a command works with: `layers`, then those of the packages; of one name the later one counts."""
    with unpacked(packages) as folders:
        yield [*layers(addons=addons), *folders]


@contextmanager
def unpacked(packages: Sequence[Path]) -> Iterator[list[Path]]:
    """The app folder of each package, of archives unpacked for as long as this lasts. Raises `PackageError` for what is no app."""
    with tempfile.TemporaryDirectory(prefix="caltrop-apps-") as scratch:
        folders = []
        for number, package in enumerate(packages):
            folder = package.resolve()
            if not package.is_dir():
                apps = Path(scratch) / str(number)
                folder = apps / install_app(package, apps)
            if not any((folder / layer).is_dir() for layer in ("default", "local")):
                raise PackageError(
                    "this is no app: it has neither a default nor a local folder", location=Location(str(package))
                )
            folders.append(folder)
        yield folders


def addons_path() -> Path:
    """The `addons` folder. Raises `CaltropError` where the installation lacks it."""
    return shipped("addons")


def addon_apps() -> list[Path]:
    """The app folders of the add-ons, by name."""
    return sorted(p for p in addons_path().iterdir() if (p / "default").is_dir())
