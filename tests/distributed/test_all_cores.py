import os

import pytest
import torch

from midattr_plugin.distributed import all_cores as module
from midattr_plugin.distributed.all_cores import all_cores


def test_the_main_process_computes_on_all_cores(monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: range(3), raising=False)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)  # as torchrun does
        with all_cores():
            assert torch.get_num_threads() == 1  # a single process has what it was given
        monkeypatch.setattr(module, 'world_size', lambda: 2)
        with pytest.raises(ZeroDivisionError), all_cores():
            assert torch.get_num_threads() == 3
            raise ZeroDivisionError
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
