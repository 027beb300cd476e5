"""What the obfuscator hides is read back, or said not to be read; never silence, never something else."""

from __future__ import annotations

from collections import Counter

import pytest
from caltrop_enrich.enrich import analyse

from .obfuscator import obfuscated

FEW, MANY = 150, 2_000


def verdict(seed: int) -> tuple[str, str]:
    """Whether script number `seed` was read ("read"), said not to be ("said"), or neither ("silent"), and its layers."""
    script, call, layers = obfuscated(seed)
    result = analyse(script)
    fields = result.fields
    if all(str(value).lower() in _values(fields.get(name)) for name, value in call.fields.items()):
        return "read", "+".join(layers)
    said = result.error or "wmi_unresolved" in fields
    return ("said" if said else "silent"), "+".join(layers)


def _values(value: object) -> list[str]:
    """A field's values; a launcher such as `wmic process call create` adds its own."""
    return [str(item).lower() for item in (value if isinstance(value, list) else [value])]


def judged(seeds: range) -> Counter[str]:
    found: Counter[str] = Counter()
    silent = []
    for seed in seeds:
        how, layers = verdict(seed)
        found[how] += 1
        if how == "silent":
            silent.append((seed, layers))
    assert not silent, silent[:10]
    return found


def test_some_scripts() -> None:
    found = judged(range(FEW))
    assert found["read"] >= 0.9 * FEW, found


@pytest.mark.slow
def test_two_thousand_scripts() -> None:
    """At least 95 % are read back, the rest say that they were not; secure strings are of those."""
    found = judged(range(10_000, 10_000 + MANY))
    assert found["read"] >= 0.95 * MANY, found


def test_the_obfuscator_hides() -> None:
    """Most scripts do not spell what they do, and every kind of layer occurs."""
    texts = [obfuscated(seed) for seed in range(200)]
    assert sum(call.script in script for script, call, _ in texts) < 20
    assert {name for _, _, layers in texts for name in layers} == {
        "token",
        "string",
        "encoding",
        "compress",
        "launcher",
    }
