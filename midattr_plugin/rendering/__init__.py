"""Renders pedestrians with known attributes as a dataset in the layout of Market-1501.

The pictures are drawings. They exercise the whole path from files to scores where real data
are not available, and say nothing about accuracy on photographs.
"""

from midattr_plugin.rendering.cli import main
from midattr_plugin.rendering.render import render_demo, render_twin
from midattr_plugin.rendering.street.render import render_street

__all__ = ['main', 'render_demo', 'render_street', 'render_twin']
