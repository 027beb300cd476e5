"""`addons/` and `app/` are found in a checkout and in an installed package, and nothing else is taken for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caltrop import shipped
from caltrop.errors import CaltropError
from caltrop.shipped import IN_WHEEL

NAMES = ("addons", "app")


@pytest.mark.parametrize("name", NAMES)
def test_a_checkout(name: str, root: Path) -> None:
    assert shipped.shipped(name) == root / name


@pytest.mark.parametrize("name", NAMES)
def test_an_installed_package(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of these names beside it in site-packages are somebody else's."""
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "caltrop")
    (tmp_path / name).mkdir()
    with pytest.raises(CaltropError, match="not whole"):
        shipped.shipped(name)
    (tmp_path / "caltrop" / IN_WHEEL / name).mkdir(parents=True)
    assert shipped.shipped(name) == tmp_path / "caltrop" / IN_WHEEL / name


def test_the_build_puts_them_where_they_are_looked_for(root: Path) -> None:
    text = (root / "setup.py").read_text()
    assert f'"caltrop" / "{IN_WHEEL}" / name' in text
    assert re.search(r"^FOLDERS = \(\"addons\", \"app\"\)$", text, re.MULTILINE)
