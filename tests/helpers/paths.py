"""Where the project lies, and what lies beside it."""

from pathlib import Path

PROJECT = Path(__file__).parents[2]
CONFIGS = PROJECT / 'configs'
SHARED = PROJECT.parent / 'shared'
"""Annotation files of real datasets; tests that need them skip where they are missing."""
