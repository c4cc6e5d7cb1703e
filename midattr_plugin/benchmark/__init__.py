"""Speed and memory of this project, compared with torchreid's built-in models.

Systems are measured in turns (A B A B ...) and medians over the turns are reported: the speed of a
shared machine varies, which affects the ratio of neighboring turns less than the times.
"""

from midattr_plugin.benchmark.cli import main

__all__ = ['main']
