"""What the last run said of each detection of the repository that is being edited, kept beside the server's data."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from caltrop.replay.verdict import DetectionResult

log = logging.getLogger(__name__)


class Verdicts(msgspec.Struct):
    """Of the repository at `root`: by the file of a detection, when its run began (epoch seconds) and what came of it."""

    root: str
    found: dict[str, tuple[float, DetectionResult]] = {}


def read(path: Path | None, root: Path) -> Verdicts:
    """What was kept of this repository; none where nothing was, or it was of another one. What cannot be read is told and left alone."""
    nothing = Verdicts(str(root))
    if path is None:
        return nothing
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Verdicts)
    except FileNotFoundError:
        return nothing
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        log.warning("%s holds no verdicts, the detections count as not run: %s", path, error)
        return nothing
    return kept if kept.root == nothing.root else nothing


def write(path: Path, verdicts: Verdicts) -> None:
    """Whole or not at all: a server may end at any moment. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(verdicts))
    beside.replace(path)
