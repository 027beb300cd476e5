"""Cryptographic functions: lower-case hexadecimal digests of the UTF-8 text (Search Reference: cryptographic functions)."""

from __future__ import annotations

import hashlib

import polars as pl

from caltrop.engine.calls import Invocation
from caltrop.engine.registry import function
from caltrop.engine.values import Value, by_row


def _digest(name: str) -> None:
    @function(name, least=1, most=1, returns="string", family="cryptographic")
    def run(call: Invocation) -> Value:
        call.refuse("number", "bool", "null")

        def row(text: str | None) -> str | None:
            if text is None:
                return None
            return hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()

        return by_row("string", pl.String, row, call.args[0].text())


for _name in ("md5", "sha1", "sha256", "sha512"):
    _digest(_name)
