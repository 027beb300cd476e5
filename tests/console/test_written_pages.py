"""Pages that Caltrop writes as files, in the browser: nothing wider than the window, nothing loaded from a network, dark and light."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caltrop.cli import main


@pytest.fixture(scope="module")
def pages(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The content's site and what a hunt over it found."""
    folder = tmp_path_factory.mktemp("pages")
    site, hits = folder / "site", folder / "hits.html"
    for words in (
        ["docs", "--content", str(root), "--out", str(site)],
        ["hunt", str(root), "--data", str(root / "tests/data/wmi_powershell_4103_xml.log"), "-o", str(hits)],
    ):
        assert main(words) == 0
    return [*sorted(site.glob("*.html")), *sorted((site / "detections").glob("*.html"))[-3:], hits]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_load_nothing(chromium: Any, pages: list[Path], width: int, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in pages:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
        bright = page.evaluate(
            "getComputedStyle(document.querySelector('h1')).color.match(/\\d+/g).every(n => n > 127)"
        )
        assert bright is (scheme == "dark"), path.name
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
