"""What the operator of a server decides, on the command line of `caltrop serve`."""

from __future__ import annotations

from dataclasses import dataclass, field

from caltrop.engine.budget import Limits
from caltrop.index.kept import MOST


@dataclass(frozen=True, slots=True)
class Settings:
    """`limits` bound one search, `keep` (bytes) what all of them keep for the next one, `memory` (bytes, 0: no limit) the whole
    process: above it the largest search ends. `file_inputs`: files of the machine outside the data directory may be read as inputs;
    `scripts`: inputs and alert actions of apps may run their scripts."""

    limits: Limits = field(default_factory=Limits)
    keep: int = MOST
    memory: int = 4 << 30
    file_inputs: bool = False
    scripts: bool = False
