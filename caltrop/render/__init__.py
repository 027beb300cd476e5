"""Catalogue -> app tree -> reproducible package. `build` is the door."""

from caltrop.render.build import BuildResult, build

__all__ = ["BuildResult", "build"]
