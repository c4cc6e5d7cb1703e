import math

import pytest
import torch

from midattr_plugin.engine.step_log import StepLog


def test_means_since_the_last_read():
    log = StepLog()
    for loss, total, count in [(2.0, 60, 3), (4.0, 0, 1), (9.0, 0, 0)]:
        log.add(['loss', 'acc'], torch.tensor([[loss, total], [1, count]]))
    means = log.read()
    assert list(means) == ['loss', 'acc']
    assert means == {'loss': pytest.approx(5), 'acc': pytest.approx(15)}
    assert all(type(value) is float for value in means.values())
    assert log.read() == {}
    log.add(['loss'], torch.tensor([[1.0], [1.0]]))
    assert log.read() == {'loss': 1.0}


def test_names_without_a_value_are_left_out():
    log = StepLog()
    log.add(['acc', 'loss'], torch.tensor([[0.0, 3.0], [0.0, 1.0]]))
    assert log.read() == {'loss': 3.0}


def test_nan_is_not_averaged_away():
    log = StepLog()
    for value in (1.0, float('nan'), 1.0):
        log.add(['loss', 'acc'], torch.tensor([[value, 1.0], [1.0, 1.0]]))
    means = log.read()
    assert math.isnan(means['loss']) and means['acc'] == 1


def test_the_memory_of_a_step_may_be_used_again():
    """A CUDA graph writes the sums of every step to the same place."""
    sums, log = torch.empty(2, 1), StepLog()
    for value in (1.0, 4.0, 7.0):
        log.add(['loss'], sums.copy_(torch.tensor([[value], [1.0]])))
    sums.fill_(float('nan'))
    assert log.read() == {'loss': 4.0}
