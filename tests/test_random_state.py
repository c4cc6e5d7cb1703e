import random

import numpy as np
import torch

from midattr_plugin import random_state
from midattr_plugin.random_state import (
    gather_random_states,
    get_random_state,
    preserved_random_state,
    restore_random_state,
    set_random_state,
)


def draw():
    return (
        random.random(),
        random.gauss(0, 1),
        np.random.rand(),
        np.random.randn(),
        torch.rand(1).item(),
    )


def test_state_restores_every_generator():
    draw()
    state = get_random_state()
    expected = [draw() for _ in range(3)]
    set_random_state(state)
    assert [draw() for _ in range(3)] == expected


def test_state_survives_a_checkpoint_without_code(tmp_path):
    np.random.randn()  # leaves a cached Gaussian in NumPy's state
    random.gauss(0, 1)
    torch.save(get_random_state(), tmp_path / 'state')
    expected = draw()
    set_random_state(torch.load(tmp_path / 'state', weights_only=True))
    assert draw() == expected


def test_preserved():
    state = get_random_state()
    expected = draw()
    set_random_state(state)
    with preserved_random_state():
        draw()
    assert draw() == expected


def test_a_gpu_that_is_not_in_use_is_not_asked(monkeypatch):
    """Asking it would take memory on it, though use_gpu is False."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'get_rng_state_all', lambda: 1 / 0)
    assert get_random_state()['cuda'] == []


def test_states_of_all_processes(monkeypatch):
    first = gather_random_states()
    assert len(first) == 1
    drawn = draw()
    states = [*first, get_random_state()]
    of_second = draw()
    restore_random_state(states)
    assert draw() == drawn
    monkeypatch.setattr(random_state, 'process_rank', lambda: 1)
    restore_random_state(states)
    assert draw() == of_second


def test_a_process_without_a_state_has_numbers_of_its_own(monkeypatch):
    states = gather_random_states()
    draws = []
    for rank in (0, 1, 2, 1):
        monkeypatch.setattr(random_state, 'process_rank', lambda rank=rank: rank)
        restore_random_state(states)
        draws.append(draw())
    assert draws[1] == draws[3] and len(set(draws)) == 3
