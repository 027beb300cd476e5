"""Pictures of the console's pages: each in light and dark, at 390 and 1280 pixels.

python -m tools.screenshots [--out docs/images] [--only NAME …] [--width N …] [--scheme light …] [--whole]

Needs Chromium at /usr/bin/chromium and playwright; starts a server of its own (`tools.console_states`). `--whole` takes all of a page
instead of what is seen first. Pictures have a palette: what a page needs of colours, in a third of the size.
"""

from __future__ import annotations

import argparse
import base64
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tools.console_states import ROOT, STATES, server, show, sign_in

IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
HEIGHTS = {390: 780, 1280: 800}
COLOURS = 64
TALLEST = 3_000  # pixels of a whole page

# In the browser, which has the decoder: the pixels as indices into the colours that are commonest, those that are rare at the nearest.
PALETTE = """
async ([encoded, most]) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${encoded}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const apart = (a, b) => ((a & 255) - (b & 255)) ** 2 + ((a >> 8 & 255) - (b >> 8 & 255)) ** 2 + ((a >> 16 & 255) - (b >> 16 & 255)) ** 2;
  const ranked = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
  let chosen = [];
  for (let near = 600; chosen.length < Math.min(most, ranked.length) && near >= 0; near = near ? Math.floor(near / 3) : -1)
    for (const one of ranked) {
      if (chosen.length === most) break;
      if (chosen.every((other) => apart(one, other) > near)) chosen.push(one);
    }
  const nearest = new Map(ranked.map((one) => [one, chosen.reduce((best, other, n) => (apart(one, other) < apart(one, chosen[best]) ? n : best), 0)]));
  const indices = new Uint8Array(pixels.length);
  pixels.forEach((pixel, n) => (indices[n] = nearest.get(pixel)));
  let binary = "";
  for (let at = 0; at < indices.length; at += 32768) binary += String.fromCharCode(...indices.subarray(at, at + 32768));
  return { width: image.width, height: image.height, colours: chosen.map((one) => [one & 255, one >> 8 & 255, one >> 16 & 255]), pixels: btoa(binary) };
}
"""


def packed(page: Any, picture: bytes) -> bytes:
    """The PNG with a palette of the colours that it needs most."""
    found = page.evaluate(PALETTE, [base64.b64encode(picture).decode(), COLOURS])
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    lines = b"".join(b"\0" + pixels[y * width : (y + 1) * width] for y in range(height))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(channel for colour in found["colours"] for channel in colour)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pictures of the console's pages.")
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--only", nargs="+", choices=[state.name for state in STATES])
    parser.add_argument("--width", nargs="+", type=int, default=list(HEIGHTS))
    parser.add_argument("--scheme", nargs="+", choices=("light", "dark"), default=["light", "dark"])
    parser.add_argument("--whole", action="store_true")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    with server() as running, sync_playwright() as driver:
        root = f"http://127.0.0.1:{running.web_port}"
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        palette = browser.new_page()
        for scheme in given.scheme:
            for width in given.width:
                height = HEIGHTS.get(width, 1000)
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                page = context.new_page()
                for state in sorted(STATES, key=lambda one: one.signed_in):
                    if given.only and state.name not in given.only:
                        continue
                    if state.signed_in and not context.cookies():
                        sign_in(page, root)
                    show(page, root, state)
                    if given.whole:
                        tall = page.evaluate("document.documentElement.scrollHeight")
                        page.set_viewport_size({"width": width, "height": max(height, min(tall, TALLEST))})
                        page.wait_for_timeout(300)
                    picture = packed(palette, page.screenshot())
                    page.set_viewport_size({"width": width, "height": height})
                    (given.out / f"console-{state.name}-{scheme}-{width}.png").write_bytes(picture)
                context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
