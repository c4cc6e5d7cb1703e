"""Renders pedestrians with known attributes as a data set in the form of Market-1501.

The pictures are drawings. They exercise the whole path from files to figures where real
data cannot be had, and say nothing about accuracy on photographs.
"""

from midattr_plugin.rendering.cli import main
from midattr_plugin.rendering.render import render_demo, render_twin

__all__ = ['main', 'render_demo', 'render_twin']
