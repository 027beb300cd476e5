"""The door: validate, render and package the content of this folder into dist/.

`python -m build` finds this file before the tool of that name, which makes the wheel of the toolkit: it is let through.
"""

import runpy
import sys
from pathlib import Path


def make_wheel() -> None:
    """The tool `build`, as if this file were not here. Raises `SystemExit` with its code, or a hint where it is not installed."""
    here = Path(__file__).resolve().parent
    sys.path = [place for place in sys.path if Path(place or ".").resolve() != here]
    try:
        runpy.run_module("build", run_name="__main__", alter_sys=True)
    except ImportError as error:
        sys.exit(f"{error}\n  hint: pip install build makes wheels; python build.py builds the content of this folder")


def main() -> int:
    from caltrop.cli import main as caltrop

    return caltrop(["build", *sys.argv[1:]])


if __name__ == "__main__":
    if sys.orig_argv[1:3] == ["-m", "build"]:
        make_wheel()
    else:
        sys.exit(main())
