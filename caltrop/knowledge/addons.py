"""Where knowledge ships: the system's own layer with this package, the add-ons with the repository.

The add-ons are what a real Splunk gets from installed apps; the system layer is what it has without any.
"""

from __future__ import annotations

from pathlib import Path

from caltrop.errors import CaltropError

SYSTEM_LAYER = Path(__file__).resolve().parent / "system"


def layers(*, addons: bool = True) -> list[Path]:
    """The folders that every instance starts from: the system layer, and the add-ons unless they are left out."""
    return [SYSTEM_LAYER, *(addon_apps() if addons else ())]


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
