"""Comparison of configurations, each trained with several seeds, in one report.

A suite is a file of named rows (:mod:`.suite`). Each row and seed is a run in its own folder
(:mod:`.plan`), trained by its own process (:mod:`.runner`, :mod:`.worker`). Finished runs are
summarized (:mod:`.summary`) and reported (:mod:`.report`).
"""

from midattr_plugin.compare.cli import main

__all__ = ['main']
