"""Where the repository keeps its add-ons: the knowledge that a real Splunk gets from installed apps."""

from __future__ import annotations

from pathlib import Path

from caltrop.errors import CaltropError


def addons_path() -> Path:
    """The `addons` folder beside the package; raises where the package was installed without the repository."""
    folder = Path(__file__).resolve().parent.parent.parent / "addons"
    if not folder.is_dir():
        raise CaltropError(
            "the add-ons are not installed with this package", hint="run from a checkout, or name app folders yourself"
        )
    return folder


def addon_apps() -> list[Path]:
    """The app folders of the add-ons, by name."""
    return sorted(p for p in addons_path().iterdir() if (p / "default").is_dir())
