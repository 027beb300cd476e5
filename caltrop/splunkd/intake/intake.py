"""The ways in for data, over one state."""

from __future__ import annotations

from caltrop.splunkd.intake.collector import CollectorApp
from caltrop.splunkd.intake.ingest import Ingest
from caltrop.splunkd.intake.modular import ModularInputs
from caltrop.splunkd.state.state import State


class Intake:
    def __init__(self, state: State) -> None:
        self.ingest = Ingest(state.instance, state.clock, lambda what: state.logs.warn("IndexProcessor", what))
        self.modular = ModularInputs(state, self.ingest)
        self.collector = CollectorApp(state, self.ingest)

    def close(self) -> None:
        self.modular.close()
