"""The built console (`console/`, `make console`), as it lies in the package: files by name, compressed once."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from caltrop.splunkd.wire.http import NotFound, Response

FOLDER = Path(__file__).parent / "static"
NONCE = "{{nonce}}"  # in the page; what may add style sheets at run time (the editor) carries it
SMALL = 1_000  # bytes below which compressing is not worth it
KINDS = {
    ".css": "text/css; charset=UTF-8",
    ".html": "text/html; charset=UTF-8",
    ".js": "text/javascript; charset=UTF-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=UTF-8",
}
KEPT = (
    "Cache-Control",
    "public, max-age=31536000, immutable",
)  # the names of the built files change with their content


@cache
def _read(name: str) -> tuple[bytes, bytes]:
    """A built file, and the same compressed (empty where that is not worth it)."""
    data = (FOLDER / name).read_bytes()
    return data, gzip.compress(data, mtime=0) if len(data) >= SMALL else b""


def page(nonce: str) -> bytes:
    """The one page of the console."""
    plain, _ = _read("index.html")
    return plain.replace(NONCE.encode(), nonce.encode())


def built(name: str, headers: Mapping[str, str]) -> Response:
    """A file of the build by its plain name. Raises NotFound for any other."""
    path = FOLDER / name
    if not re.fullmatch(r"[\w.-]+", name) or path.suffix not in KINDS or name == "index.html" or not path.is_file():
        raise NotFound()
    plain, packed = _read(name)
    asked = {part.partition(";")[0].strip() for part in headers.get("accept-encoding", "").split(",")}
    head = [KEPT, ("Vary", "Accept-Encoding")]
    if packed and "gzip" in asked:
        return Response(200, packed, KINDS[path.suffix], [*head, ("Content-Encoding", "gzip")])
    return Response(200, plain, KINDS[path.suffix], head)
