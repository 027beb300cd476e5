"""The site of docs/: every page is in it, and nothing that it loads comes from a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from caltrop.cli import COMMANDS


class Loads(HTMLParser):
    """What a page loads by itself: scripts, styles, images, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video"):
            self.found.append(given.get("src") or "")
        if tag == "link" and given.get("rel") not in ("canonical", "prev", "next"):
            self.found.append(given.get("href") or "")


def pages(nav: object) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    inner = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else []
    return [page for part in inner for page in pages(part)]


def test_every_page_is_in_the_navigation(root: Path) -> None:
    listed = pages(yaml.safe_load((root / "mkdocs.yml").read_text())["nav"])
    assert len(listed) == len(set(listed))
    assert set(listed) == {path.name for path in (root / "docs").glob("*.md")} - {"plan.md"}


def test_every_command_has_its_heading(root: Path) -> None:
    text = (root / "docs" / "commands.md").read_text()
    assert set(re.findall(r"^## ([\w-]+)$", text, re.MULTILINE)) >= set(COMMANDS)


@pytest.mark.slow
def test_the_site_loads_nothing_from_a_network(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(
        command,
        cwd=root,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    seen = 0
    for path in (tmp_path / "site").rglob("*.html"):
        loads = Loads()
        loads.feed(path.read_text(encoding="utf-8"))
        assert not [url for url in loads.found if re.match(r"(https?:)?//", url)], path
        seen += 1
    assert seen > 20
    for path in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", path.read_text(encoding="utf-8")), path
