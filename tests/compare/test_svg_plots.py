"""Plots that the made-up suite does not draw."""

import numpy as np

from midattr_plugin.compare.svg_plots import plot_confusions


def test_large_confusions_have_no_numbers():
    """Nine classes leave no room for numbers."""
    assert '>100<' in plot_confusions({'hat': ('ab', np.eye(2))})
    assert '>11<' not in plot_confusions({'color': ('abcdefghi', np.ones((9, 9)))})
