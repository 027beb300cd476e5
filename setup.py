"""Everything about the package is in pyproject.toml; this adds `addons/` and `app/` to what is built (caltrop/shipped.py finds them)."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
FOLDERS = ("addons", "app")


class BuildWithFolders(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:  # a checkout has them
            return
        for name in FOLDERS:
            target = Path(self.build_lib) / "caltrop" / "shipped" / name
            shutil.rmtree(target, ignore_errors=True)  # an earlier build's
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


setup(cmdclass={"build_py": BuildWithFolders})
