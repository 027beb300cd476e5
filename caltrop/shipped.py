"""What ships beside the code: `addons/` and `app/`, found alike in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from caltrop.errors import CaltropError

_PACKAGE = Path(__file__).resolve().parent
IN_WHEEL = "shipped"  # the folder of the package into which setup.py copies them


def shipped(name: str) -> Path:
    """The folder `addons` or `app`. Raises `CaltropError` where the installation lacks it."""
    inside = _PACKAGE / IN_WHEEL / name
    if inside.is_dir():
        return inside
    beside = _PACKAGE.parent / name  # only a checkout's: beside an installed package lie other packages
    if (_PACKAGE.parent / "pyproject.toml").is_file() and beside.is_dir():
        return beside
    raise CaltropError(
        f"this installation of caltrop is not whole: {inside} is not there",
        hint="install it again (pip install --force-reinstall), or run from a checkout",
    )
