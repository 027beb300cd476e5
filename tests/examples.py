"""How many examples a property test draws: a number of its own in `make test`, a part of it in `make unit`."""

from __future__ import annotations

from hypothesis import settings

USUAL = 100  # what hypothesis draws where nobody says otherwise


def examples(number: int) -> settings:
    """The decorator of a test that draws `number` examples, or the part of them that the chosen profile draws of the usual hundred."""
    return settings(max_examples=max(5, number * settings().max_examples // USUAL), deadline=None)
