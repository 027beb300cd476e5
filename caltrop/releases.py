"""A build to compare: a package or app folder as it is, or what the content was at a commit of git, rendered."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from caltrop.content import load
from caltrop.corpus.run import write_app
from caltrop.errors import CaltropError


@contextmanager
def build_of(name: str, content: Path) -> Iterator[Path]:
    """The path of a build; what had to be made for it is gone afterwards. Raises `CaltropError` where the name is neither."""
    path = Path(name)
    if path.exists():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="caltrop-release-") as scratch:
        root = _checked_out(name, content, Path(scratch) / "content")
        yield write_app(load(root, checks=False), Path(scratch) / "app")


def _checked_out(name: str, content: Path, folder: Path) -> Path:
    """The content at a commit, in a folder. Only regular files: content is not followed to elsewhere."""
    commit = "" if name.startswith("-") else _git(content, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if not commit:
        raise CaltropError(
            f"{name!r} is no package, no app folder and no commit of {content}",
            hint="give a path, or a tag: git tag --list",
        )
    prefix = _git(content, "rev-parse", "--show-prefix")
    archive = subprocess.run(
        ["git", "-C", str(content), "archive", "--format=tar", commit], capture_output=True, check=False
    )
    if archive.returncode:
        raise CaltropError(f"git archive {name}: {archive.stderr.decode(errors='replace').strip()}")
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data", members=[member for member in tar if member.isreg() or member.isdir()])
    # From a subfolder, git archives that subfolder as the top.
    return folder if not prefix or not (folder / prefix).is_dir() else folder / prefix


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
    except OSError as error:
        raise CaltropError(f"git cannot be run: {error}", hint="give packages instead of tags") from error
    return done.stdout.strip() if done.returncode == 0 else ""
