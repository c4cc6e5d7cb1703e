import random

import numpy as np
import pytest
import torch

from midattr_plugin import random_state
from midattr_plugin.random_state import (
    OwnRandomState,
    gather_random_states,
    generator_seeds,
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


def test_own_numbers_follow_from_the_arguments_alone():
    expected = []
    for drawn_before in range(3):
        own = OwnRandomState(1, 0, 2)
        expected.append([])
        for _ in range(3):
            for _ in range(drawn_before):
                draw()
            with own:
                expected[-1].append(draw())
    assert expected[0] == expected[1] == expected[2]
    assert len({number for numbers in expected[0] for number in numbers}) == 15


def test_other_arguments_give_other_numbers():
    drawn = []
    for arguments in ((0,), (1,), (2**32,), (2**32 + 1,), (1, 0), (1, 1), (0, 1), (1, 0, 0)):
        with OwnRandomState(*arguments):
            drawn += draw()
    assert len(set(drawn)) == len(drawn)


def test_outside_nothing_was_drawn():
    state = get_random_state()
    expected = [draw() for _ in range(3)]
    set_random_state(state)
    own, drawn = OwnRandomState(1), [draw()]
    with own:
        draw()
    drawn.append(draw())
    with pytest.raises(KeyError), own:
        draw()
        raise KeyError
    assert [*drawn, draw()] == expected


def test_seeds_of_the_generators_differ():
    """From the same seed NumPy and PyTorch draw the same bits."""
    seeds = generator_seeds(4, 1, 2)
    assert len({seed for row in seeds for seed in row}) == 12
    assert generator_seeds(2, 1, 2) == seeds[:2]


def test_a_gpu_that_is_not_in_use_is_not_asked(monkeypatch):
    """Asking it would take memory on it, though use_gpu is False."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'is_initialized', lambda: False)
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
