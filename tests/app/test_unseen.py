"""Scripts and command lines in the many ways in which they are written, with both line ends; each says what it does, or that it was not read."""

from __future__ import annotations

import base64
import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from caltrop_enrich.enrich import Enricher, analyse
from caltrop_enrich.shapes import Shapes
from caltrop_enrich.unfold import Memory

from .test_scripts import encoded, mismatches

FOLDER = Path(__file__).parent / "unseen"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _deflated(data: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


def _each(form: Callable[[int], str], separator: str = ",") -> Callable[[str], str]:
    return lambda text: separator.join(form(ord(letter)) for letter in text)


FORMS: dict[str, Callable[[str], str]] = {
    "utf16": encoded,
    "b64": lambda text: _base64(text.encode()),
    "b64half1": lambda text: _base64(text.encode())[:20],
    "b64half2": lambda text: _base64(text.encode())[20:],
    "b64xor35": lambda text: _base64(bytes(ord(letter) ^ 35 for letter in text)),
    "gzip": lambda text: _base64(gzip.compress(text.encode(), mtime=0)),
    "deflate": lambda text: _base64(_deflated(text.encode())),
    "reverse": lambda text: text[::-1],
    "hex": lambda text: text.encode().hex(),
    "hexdash": _each("{:02x}".format, "-"),
    "oct": _each("{:o}".format, "-"),
    "bin": _each("{:b}".format, " "),
    "codes": _each(str),
    "xor35": _each(lambda code: str(code ^ 35)),
    "plus3": _each(lambda code: str(code + 3)),
    "xorchars": lambda text: "".join(chr(ord(letter) ^ 2) for letter in text).replace("'", "''"),
}
_FORM = re.compile(r"<<(\w+):((?:(?!<<|>>).)*)>>", re.DOTALL)


def written_out(text: str) -> str:
    """A script with its `<<kind:text>>` replaced, the innermost first."""
    while _FORM.search(text):
        text = _FORM.sub(lambda found: FORMS[found[1]](found[2]), text)
    return text


def cases(name: str) -> list[Any]:
    """What a file of cases holds, each under its name."""
    found = yaml.load((FOLDER / name).read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    names = [case["name"] for case in found]
    assert len(names) == len(set(names))
    return [pytest.param(case, id=case["name"]) for case in found]


def wrong(fields: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """Where a reading is not what was wanted. `said` wants a word about what was not read; `may_say` takes one for an answer."""
    said = fields.get("wmi_unresolved") or fields.get("enrichment_error")
    want = dict(case["want"])
    if want.pop("said", False) and not said:
        return {"said": (said, True)}
    found = mismatches(fields, want)
    return {} if found and case.get("may_say") and said else found


@pytest.mark.parametrize("case", cases("scripts.yaml"))
def test_script(case: dict[str, Any]) -> None:
    script = written_out(case["script"])
    shapes, memory = Shapes(), Memory()
    for text in (script, script.replace("\n", "\r\n")):
        result = analyse(text)
        assert not result.error
        assert not wrong(dict(result.fields), case), result.fields
        assert analyse(text, shapes, False, memory) == result  # by plan and afresh


@pytest.mark.parametrize("case", cases("lines.yaml"))
def test_command_line(case: dict[str, Any]) -> None:
    fields = Enricher(None, "process").enrich({"process": written_out(case["script"])})
    assert "enrichment_error" not in fields
    assert not wrong(dict(fields), case), fields
