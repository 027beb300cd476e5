"""Words: truth, in settings, arguments and options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.words import known_truth, option_truth, truth
from caltrop.errors import CaltropError
from caltrop.index.props import Props
from caltrop.spl.kinds import BOOL, convert
from caltrop.splunkd.wire.http import ApiError, flag

TRUE = ["1", "true", "t", "yes", "y", "on", "enabled", "enable"]
FALSE = ["0", "false", "f", "no", "n", "off", "disabled", "disable"]
WORDS = st.sampled_from([*TRUE, *FALSE, "maybe", "2", "truely", "-1", "none"])
CASED = WORDS.flatmap(lambda word: st.sampled_from([word, word.upper(), word.title(), f" {word}\t"]))


@pytest.mark.parametrize(("words", "meaning"), [(TRUE, True), (FALSE, False)])
def test_the_words_of_settings(words: list[str], meaning: bool) -> None:
    assert {known_truth(word) for word in words} == {meaning}
    assert {truth(word, not meaning) for word in words} == {meaning}


@pytest.mark.parametrize("text", [None, "", "  ", "maybe", "2"])
@pytest.mark.parametrize("default", [True, False])
def test_anything_else_is_the_default(text: str | None, default: bool) -> None:
    assert truth(text, default) is default


@given(CASED)
def test_index_time_settings_and_arguments_agree(word: str) -> None:
    """What one reader of settings takes for true or false, all take for it; what one refuses, all refuse."""
    meaning = known_truth(word)
    if meaning is None:
        with pytest.raises(CaltropError):
            Props.from_mapping({"SHOULD_LINEMERGE": word})
        with pytest.raises(ApiError):
            flag(word)
    else:
        assert Props.from_mapping({"SHOULD_LINEMERGE": word}).should_linemerge is meaning
        assert flag(word) is meaning


@given(CASED)
def test_options_take_fewer_words_and_never_another_meaning(word: str) -> None:
    meaning = option_truth(word)
    assert meaning in (None, known_truth(word))
    assert convert(word, BOOL) == (word if meaning is None else meaning)


def test_the_words_of_options() -> None:
    assert [option_truth(w) for w in ("t", "TRUE", "1", "f", "False", "0")] == [True] * 3 + [False] * 3
    assert [option_truth(w) for w in ("on", "enabled", "", " t")] == [None] * 4
