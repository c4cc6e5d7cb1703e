"""Measures speed and memory of this project beside torchreid's built-in models.

Systems take turns (A B A B ...), because a machine that is shared changes its speed: a ratio of
neighboring turns means more than a time. What is reported are medians over the turns.
"""

from midattr_plugin.benchmark.cli import main

__all__ = ['main']
