import random

import numpy as np
import torch

from midattr_plugin.random_state import (
    get_random_state,
    preserved_random_state,
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
