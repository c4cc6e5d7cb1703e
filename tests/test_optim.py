import math
import warnings

import pytest
import torch

from helpers.tiny_run import UNTRAINED, arguments
from midattr_plugin import build
from midattr_plugin.config import parse_config
from midattr_plugin.optim import build_scheduler


def built(tmp_path, *pairs):
    cfg = parse_config(arguments(tmp_path, 'train.lr', 0.1, 'train.max_epoch', 8, *pairs))
    model = torch.nn.Linear(2, 2)
    model.classifier = torch.nn.Linear(2, 2)
    optimizer = build.build_optimizer(cfg, model)
    return optimizer, build_scheduler(cfg, optimizer)


def rates(optimizer, scheduler, epochs=8):
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for _ in range(epochs):
            found.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            scheduler.step()
    return found


SCHEDULES = {
    'single_step': (['train.stepsize', '[3]'], lambda epoch: 0.1 ** (epoch // 3)),
    'multi_step': (
        ['train.stepsize', '[2, 5]'],
        lambda epoch: 0.1 ** ((epoch >= 2) + (epoch >= 5)),
    ),
    'cosine': ([], lambda epoch: (1 + math.cos(math.pi * max(epoch - 3, 0) / 5)) / 2),
}


@pytest.mark.parametrize('name', SCHEDULES)
def test_rates_rise_evenly_to_torchreids_schedule(tmp_path, name):
    pairs, expected = SCHEDULES[name]
    found = rates(*built(tmp_path, 'train.lr_scheduler', name, 'midattr.warmup_epochs', 3, *pairs))
    rise = [1 / 4, 2 / 4, 3 / 4, *[1] * 5]
    assert found == pytest.approx([0.1 * rise[e] * expected(e) for e in range(8)])


def test_a_cosine_ends_at_the_last_epoch(tmp_path):
    optimizer, scheduler = built(
        tmp_path, 'train.lr_scheduler', 'cosine', 'midattr.warmup_epochs', 3
    )
    found = rates(optimizer, scheduler)
    assert found[3] == 0.1 and found[-1] > 0
    assert optimizer.param_groups[0]['lr'] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize('warmup, flat', [(0, 3), (2, 3), (3, 0), (2, 5)])
def test_a_cosine_begins_after_flat_epochs_and_ends_at_its_floor(tmp_path, warmup, flat):
    keys = {'warmup_epochs': warmup, 'flat_epochs': flat, 'lr_floor': 0.02}
    pairs = [part for key, value in keys.items() for part in (f'midattr.{key}', value)]
    optimizer, scheduler = built(tmp_path, 'train.lr_scheduler', 'cosine', *pairs)
    found = rates(optimizer, scheduler)
    expected = []
    for epoch in range(8):
        if epoch < warmup:
            expected.append(0.1 * (epoch + 1) / (warmup + 1))
        elif epoch < warmup + flat:
            expected.append(0.1)
        else:
            share = (epoch - warmup - flat) / (8 - warmup - flat)
            expected.append(0.02 + 0.08 * (1 + math.cos(math.pi * share)) / 2)
    assert found == pytest.approx(expected)
    assert optimizer.param_groups[0]['lr'] == pytest.approx(0.02)


@pytest.mark.parametrize('name', SCHEDULES)
def test_without_a_rise_it_is_torchreids(tmp_path, name):
    pairs, _ = SCHEDULES[name]
    _, scheduler = built(tmp_path, 'train.lr_scheduler', name, *pairs)
    assert (
        type(scheduler).__name__
        == {'single_step': 'StepLR', 'multi_step': 'MultiStepLR', 'cosine': 'CosineAnnealingLR'}[
            name
        ]
    )


@pytest.mark.parametrize('name', SCHEDULES)
@pytest.mark.parametrize('epochs', [1, 3, 5])
def test_resumes_in_any_epoch(tmp_path, name, epochs):
    pairs = ['train.lr_scheduler', name, 'midattr.warmup_epochs', 3, *SCHEDULES[name][0]]
    whole = rates(*built(tmp_path, *pairs))
    optimizer, scheduler = built(tmp_path, *pairs)
    rates(optimizer, scheduler, epochs)
    other, other_scheduler = built(tmp_path, *pairs)
    other.load_state_dict(optimizer.state_dict())
    other_scheduler.load_state_dict(scheduler.state_dict())
    assert rates(other, other_scheduler, 8 - epochs) == whole[epochs:]


@pytest.mark.parametrize('epochs', range(1, 8))
@pytest.mark.parametrize('warmup', [0, 2])
def test_a_flat_start_resumes_in_any_epoch(tmp_path, warmup, epochs):
    pairs = ['train.lr_scheduler', 'cosine', 'midattr.warmup_epochs', warmup]
    pairs += ['midattr.flat_epochs', 3, 'midattr.lr_floor', 0.01]
    whole = rates(*built(tmp_path, *pairs))
    optimizer, scheduler = built(tmp_path, *pairs)
    rates(optimizer, scheduler, epochs)
    other, other_scheduler = built(tmp_path, *pairs)
    other.load_state_dict(optimizer.state_dict())
    other_scheduler.load_state_dict(scheduler.state_dict())
    assert rates(other, other_scheduler, 8 - epochs) == whole[epochs:]


def test_each_group_rises_to_its_own_rate(tmp_path):
    optimizer, scheduler = built(
        tmp_path,
        'train.staged_lr',
        True,
        'train.new_layers',
        "['classifier']",
        'train.base_lr_mult',
        0.5,
        'midattr.warmup_epochs',
        1,
        'train.stepsize',
        '[9]',
    )
    found = []
    for _ in range(2):
        found.append([group['lr'] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    assert found == [pytest.approx([0.025, 0.05]), pytest.approx([0.05, 0.1])]


def test_an_evaluation_alone_has_no_epochs(tmp_path):
    for name in SCHEDULES:
        built(
            tmp_path,
            'train.max_epoch',
            0,
            *UNTRAINED,
            'midattr.warmup_epochs',
            3,
            'train.lr_scheduler',
            name,
        )
