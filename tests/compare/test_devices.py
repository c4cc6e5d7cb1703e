"""Which GPUs the runs of a suite get, with pretended ones."""

import pytest
import torch

from midattr_plugin.compare.devices import CPU, run_devices


@pytest.fixture
def gpus(monkeypatch):
    def pretend(count, chosen=None):
        monkeypatch.setattr(torch.cuda, 'device_count', lambda: count)
        monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
        if chosen is not None:
            monkeypatch.setenv('CUDA_VISIBLE_DEVICES', chosen)

    return pretend


@pytest.mark.parametrize(
    'count, jobs, expected',
    [
        (0, None, [CPU]),
        (0, 2, [CPU, CPU]),
        (2, None, ['0', '1']),
        (2, 1, ['0']),
        (2, 5, ['0', '1', '0', '1', '0']),
    ],
)
def test_all_that_there_are(gpus, count, jobs, expected):
    gpus(count)
    assert run_devices(jobs) == expected


@pytest.mark.parametrize(
    'count, chosen, expected',
    [(2, '2,3', ['2', '3']), (1, 'GPU-1a, GPU-2b', ['GPU-1a']), (0, '', [CPU]), (0, '-1', [CPU])],
)
def test_of_those_that_the_user_chose(gpus, count, chosen, expected):
    gpus(count, chosen)
    assert run_devices() == expected


def test_none_where_none_is_used(gpus):
    gpus(2)
    assert run_devices(3, use_gpu=False) == [CPU] * 3
