"""Mistakes of a search that are found before it runs: what cannot work, and what surely was meant otherwise."""

from caltrop.analysis.analyse import Analysis, analyse
from caltrop.analysis.known import Known, vocabulary
from caltrop.analysis.mistake import RULES, UNREADABLE, Mistake

__all__ = ["RULES", "UNREADABLE", "Analysis", "Known", "Mistake", "analyse", "vocabulary"]
