"""Runs a suite of configurations over several seeds and reports them side by side.

A suite is a file of named rows (:mod:`.suite`). Each row and seed is a run in a folder of its own
(:mod:`.plan`), trained by a process of its own (:mod:`.runner`, :mod:`.worker`). What is finished
is summarized (:mod:`.summary`) and drawn (:mod:`.report`, :mod:`.plots`).
"""

from midattr_plugin.compare.cli import main

__all__ = ['main']
