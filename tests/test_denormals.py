"""Denormal numbers are taken as 0 while something is trained, and not before or afterwards."""

import pytest
import torch

from midattr_plugin import train
from midattr_plugin.denormals import flushed_denormals

HALVED = 2.0**-127  # as float32; its double is normal


def half() -> float:
    return torch.tensor([2.0**-126]).mul(0.5).item()


needs_flushing = pytest.mark.skipif(
    not torch.set_flush_denormal(False), reason='this CPU cannot take denormal numbers as 0'
)


@needs_flushing
def test_in_the_context_alone():
    assert half() == HALVED
    with pytest.raises(ZeroDivisionError), flushed_denormals():
        assert half() == 0
        with flushed_denormals():
            pass
        assert half() == 0
        1 / 0  # noqa: B018
    assert half() == HALVED


@needs_flushing
def test_in_a_training(monkeypatch):
    seen = []
    monkeypatch.setattr(train, '_choose_kernels', lambda *given: seen.append(half()) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train._run(train.parse_config(['train.seed', '1']), None)
    assert seen == [0]
    assert half() == HALVED
