"""What a handler gets: the state, and the wings over it."""

from __future__ import annotations

from dataclasses import dataclass

from caltrop.splunkd.intake.intake import Intake
from caltrop.splunkd.rest.edited import EditedContent
from caltrop.splunkd.searching.searching import Searching
from caltrop.splunkd.state.state import State


@dataclass(frozen=True, slots=True)
class Wings:
    state: State
    searching: Searching
    intake: Intake
    content: EditedContent | None = None  # a repository that is edited beside the server
