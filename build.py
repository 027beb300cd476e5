"""The door: validate, render and package the content of this folder into dist/."""

import sys

from caltrop.cli import main

if __name__ == "__main__":
    sys.exit(main(["build", *sys.argv[1:]]))
