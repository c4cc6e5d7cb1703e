"""Plots that the made-up suite does not draw."""

import re

import numpy as np
import pytest

from midattr_plugin.compare.convergence import CurvePair
from midattr_plugin.compare.svg_plots import plot_confusions, plot_convergence, plot_gains


def test_large_confusions_have_no_numbers():
    """Nine classes leave no room for numbers."""
    assert '>100<' in plot_confusions({'hat': ('ab', np.eye(2))})
    assert '>11<' not in plot_confusions({'color': ('abcdefghi', np.ones((9, 9)))})


@pytest.mark.parametrize('plot', [plot_gains, plot_convergence])
def test_epochs_are_whole_numbers(plot):
    """Also where only two were tested; the scores here have no decimals of their own."""
    pair = CurvePair('row', 'paper', {1: {6: 20.0, 8: 80.0}}, {1: {6: 10.0, 8: 20.0}})
    ticks = re.findall(r'<text[^>]*>([^<]*\d)</text>', plot([pair]))
    assert {'6', '7', '8'} <= set(ticks) and all(tick.isdigit() for tick in ticks)
