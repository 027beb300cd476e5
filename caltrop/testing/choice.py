"""Which detections a run is about: those that are named, those that a git diff touches, this machine's share."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from caltrop.content.choosing import Named, Repository, shard
from caltrop.content.config import where_to_look
from caltrop.errors import CaltropError

GIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Choice:
    """`files` are what the chosen detections are built of; None is the whole repository."""

    detections: tuple[Named, ...]
    files: frozenset[str] | None
    of: int  # detections of the repository

    @property
    def names(self) -> frozenset[str]:
        return frozenset(item.file for item in self.detections)

    @property
    def scope(self) -> str:
        """What is left out when only the files count."""
        if self.files is None:
            return ""
        return (
            f"{len(self.detections):,} of {self.of:,} detections, with what they use, were checked, built and installed; "
            "caltrop test without a name proves the whole package"
        )


def choose(root: Path, names: Sequence[str], changed: str | None = None, part: tuple[int, int] | None = None) -> Choice:
    """Raises `CaltropError` for a name that no detection has, and for a repository without detections. A diff that touches
    nothing is a choice of nothing."""
    repository = Repository.look(root)
    everything = repository.detections
    if not everything:
        raise CaltropError("there is no detection here: nothing can be proved", hint=where_to_look(root))
    chosen = repository.chosen(names) if names else everything
    if changed is not None:
        touched = repository.touched(changes(root, changed))
        if touched is not None:
            files = {item.file for item in touched}
            chosen = [item for item in chosen if item.file in files]
    if part is not None:
        chosen = shard(chosen, *part)
    whole = len(chosen) == len(everything)
    return Choice(tuple(chosen), None if whole else repository.needed(chosen), len(everything))


def read_part(text: str) -> tuple[int, int]:
    """`K/N` of --shard."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise CaltropError(f"--shard {text!r} is no part", hint="write K/N with K from 1 to N: --shard 2/4")
    return int(found[1]), int(found[2])


def changes(root: Path, ref: str) -> list[str]:
    """Files below `root` that differ from a commit of git, relative to it: in the working tree, new and deleted ones too."""
    if ref.startswith("-"):
        raise CaltropError(f"{ref!r} is no name of a commit")
    diff = _git(root, "diff", "--name-only", "--relative", "-z", "--no-renames", ref, "--", ".")
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    return sorted({name for name in (diff + new).split("\0") if name})


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=False, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CaltropError(f"--changed asks git, which cannot be run: {error}") from error
    if done.returncode:
        said = done.stderr.strip().partition("\n")[0]
        raise CaltropError(
            f"--changed: git says: {said}", hint="give a commit, branch or tag that this clone has; HEAD by default"
        )
    return done.stdout
