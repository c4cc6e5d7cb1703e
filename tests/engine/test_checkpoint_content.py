"""Checks of what a checkpoint holds; test_mutated_checkpoints.py tries many more."""

import numpy as np
import pytest
import torch

from midattr_plugin.engine.checkpoint_content import (
    check_content,
    check_optimizer_state,
    is_like,
    sound_content,
)
from midattr_plugin.errors import InputError

WEIGHTS = {'a.weight': torch.zeros(2, 3)}


def test_entries_of_torchreid_and_ours_are_accepted():
    check_content({'state_dict': WEIGHTS}, 'x')
    check_content(
        {
            'state_dict': WEIGHTS,
            'epoch': 3,
            'rank1': np.float64(0.5),
            'optimizer': {},
            'scheduler': None,
        },
        'x',
    )


@pytest.mark.parametrize(
    'content, problem',
    [
        ({'state_dict': [1]}, r'its state_dict is \[1\], not weights by name'),
        ({'state_dict': {'a': None}}, "its weight 'a' is None, not a tensor"),
        ({'state_dict': {1: torch.zeros(1)}}, 'its weight 1 is a tensor'),
        ({'state_dict': {'a': torch.ones(2, 2).to_sparse()}}, "its weight 'a'"),
        ({'state_dict': WEIGHTS, 'epoch': '3'}, "its epoch is '3', not a number of epochs"),
        ({'state_dict': WEIGHTS, 'epoch': True}, 'its epoch is True'),
        ({'state_dict': WEIGHTS, 'epoch': -1}, 'its epoch is -1'),
        ({'state_dict': WEIGHTS, 'optimizer': None}, 'its optimizer is None'),
        ({'state_dict': WEIGHTS, 'chosen_on': 1}, 'its chosen_on is 1, not a text'),
        *(
            ({'state_dict': WEIGHTS, 'averaging': value}, 'its averaging is ')
            for value in (
                None,
                {'weights': WEIGHTS},
                {'weights': WEIGHTS, 'steps': 0.5},
                {'weights': {'a': 1}, 'steps': 1},
                {'weights': [], 'steps': 1},
            )
        ),
        ({'state_dict': WEIGHTS, 'best_mAP': 'x'}, "its best_mAP is 'x', not a number"),
    ],
)
def test_entries_of_another_kind(content, problem):
    with pytest.raises(InputError, match=f'checkpoint "x" is damaged .{problem}.*; use another'):
        check_content(content, 'x')


@pytest.mark.parametrize(
    'value, template, like',
    [
        (1, 0.5, True),
        (1.5, 1, False),
        (True, 1, False),
        (float('nan'), 0.5, False),
        ([1, 2], (3, 4), True),
        ([1], (3, 4), False),
        ({'a': 1, 'new': 'x'}, {'a': 2, 'old': None}, True),
        ({'a': 'x'}, {'a': 2}, False),
        (None, None, True),
        ('x', None, False),
    ],
)
def test_kinds_of_nested_values(value, template, like):
    assert is_like(value, template) is like


def stepped():
    parameters = [torch.nn.Parameter(torch.ones(2, 3)), torch.nn.Parameter(torch.ones(4))]
    optimizer = torch.optim.Adam(parameters)
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    fresh = [dict(group) for group in optimizer.param_groups]
    optimizer.step()
    return optimizer, fresh, parameters


def test_sound_optimizer():
    optimizer, fresh, _ = stepped()
    del optimizer.param_groups[0]['fused']  # an option of a newer version of PyTorch
    check_optimizer_state(optimizer, fresh, 'x')
    optimizer.step()


@pytest.mark.parametrize(
    'damage, problem',
    [
        (lambda groups, state: groups[0].update(lr='x'), 'the option lr of its optimizer is'),
        (lambda groups, state: groups[0].update(lr=float('inf')), 'the option lr'),
        (lambda groups, state: groups[0].update(betas=(0.9,)), 'the option betas'),
        (lambda groups, state: state.update(exp_avg=torch.ones(3)), 'the state exp_avg'),
        (lambda groups, state: state.update(exp_avg=5), 'the state exp_avg'),
        (lambda groups, state: state.update(step=torch.ones(2)), 'the state step'),
        (lambda groups, state: state.pop('exp_avg'), 'lacks the state of some parameters'),
    ],
)
def test_damaged_optimizer(damage, problem):
    optimizer, fresh, parameters = stepped()
    damage(optimizer.param_groups, optimizer.state[parameters[1]])
    with pytest.raises(InputError, match=problem):
        check_optimizer_state(optimizer, fresh, 'x')


def test_whatever_is_raised_becomes_a_sentence():
    with pytest.raises(InputError, match='^checkpoint "x" is damaged .KeyError: .a..; use'):
        with sound_content('x'):
            {}['a']
    for error in (InputError('own'), FloatingPointError('nan'), torch.OutOfMemoryError('full')):
        with pytest.raises(type(error), match=str(error)), sound_content('x'):
            raise error
