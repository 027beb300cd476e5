"""Searches that are nearly right: they run or are refused in words of SPL, never in those of what the engine is built on.

Each case of the conformance folder is changed in a few of its words; the names of its fields, commands and values meet where
nobody meant them to.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from caltrop.conformance import Case, build_instance, read_cases, rows_of
from caltrop.errors import CaltropError

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\w+|\s+|.', re.DOTALL)
_MANY = re.compile(r"\d{5}")  # rows, not words, would be what takes time
_TRIES = 6


def changed(search: str, words: list[str], chance: random.Random) -> str:
    """The search with one to three words left out, replaced, put in or written twice."""
    found = _WORD.findall(search)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(found) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            del found[at : at + 1]
        elif kind == 1:
            found[at : at + 1] = [chance.choice(words)]
        elif kind == 2:
            found.insert(at, chance.choice(words))
        else:
            found[at:at] = found[at : at + chance.choice((1, 3))]
    return "".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(p.name for p in (Path(__file__).parents[1] / "conformance").glob("*.yaml")))
def test_a_search_that_is_nearly_right_is_answered_in_words_of_spl(root: Path, tmp_path: Path, file: str) -> None:
    cases = read_cases(root / "tests" / "conformance" / file)
    words = [word for case in cases for word in _WORD.findall(str(case.data["search"])) if word.strip()]
    chance = random.Random(file)
    wrong = [said for number, case in enumerate(cases) for said in faults(case, words, chance, tmp_path / str(number))]
    assert not wrong, "\n".join(wrong)


def faults(case: Case, words: list[str], chance: random.Random, folder: Path) -> list[str]:
    """What was answered in other words, with the search."""
    instance = build_instance(case.data, folder)
    found = []
    for _ in range(_TRIES):
        search = changed(str(case.data["search"]), words, chance)
        if _MANY.search(search):
            continue
        try:
            rows_of(instance.search(search).table)
        except CaltropError as error:
            if "' failed: " in str(error):
                found.append(f"{search}: {error}")
        except Exception as error:
            found.append(f"{search}: {error!r}")
    return found
