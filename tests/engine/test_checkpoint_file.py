import collections
import errno
import os
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from midattr_plugin import torchreid_compat
from midattr_plugin.engine.checkpoint_file import (
    plain,
    read_checkpoint,
    restore_model,
    save_checkpoint,
)
from midattr_plugin.errors import InputError


def model(classes=3):
    return nn.Sequential(
        collections.OrderedDict(
            body=nn.Conv2d(3, 4, 1), norm=nn.BatchNorm2d(4), classifier=nn.Linear(4, classes)
        )
    )


class Code:
    """Runs a command when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize(
    'scheduler, stepsize', [('single_step', 2), ('multi_step', [2, 4]), ('cosine', 1)]
)
@pytest.mark.parametrize('optim', ['sgd', 'adam', 'amsgrad', 'rmsprop', 'radam'])
def test_round_trip_of_every_optimizer_and_scheduler(tmp_path, optim, scheduler, stepsize):
    net = model()
    optimizer = torchreid_compat.optim.build_optimizer(net, optim)
    schedule = torchreid_compat.optim.build_lr_scheduler(
        optimizer, scheduler, stepsize, max_epoch=9
    )
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    schedule.step()
    state = {
        'state_dict': net.state_dict(),
        'optimizer': optimizer.state_dict(),
        'scheduler': schedule.state_dict(),
        'rank1': np.float64(0.5),
    }
    save_checkpoint(state, tmp_path / 'model')

    read = torch.load(tmp_path / 'model', weights_only=True)  # no safe globals needed
    assert read['rank1'] == 0.5
    other = model()
    other_optimizer = torchreid_compat.optim.build_optimizer(other, optim)
    other_schedule = torchreid_compat.optim.build_lr_scheduler(
        other_optimizer, scheduler, stepsize, max_epoch=9
    )
    restore_model(other, read, 'model')
    other_optimizer.load_state_dict(read['optimizer'])
    other_schedule.load_state_dict(read['scheduler'])
    for network, steps, rates in (
        (net, optimizer, schedule),
        (other, other_optimizer, other_schedule),
    ):
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
        for _ in range(4):
            steps.step()
            rates.step()
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_plain_makes_nested_values_plain():
    value = plain({'a': [np.float32(0.5), (np.int64(2), collections.Counter('aab'))]})
    assert value == {'a': [0.5, (2, {'a': 2, 'b': 1})]}
    assert type(value['a'][0]) is float
    assert type(value['a'][1][1]) is dict


def test_reads_a_checkpoint_of_torchreid(tmp_path):
    """Which torchreid itself cannot read back on PyTorch 2.6 and later."""
    net = model()
    torchreid_compat.utils.save_checkpoint(
        {
            'state_dict': {f'module.{k}': v for k, v in net.state_dict().items()},
            'epoch': 3,
            'rank1': np.mean([0.25, 0.5]),
        },
        str(tmp_path),
    )
    checkpoint = read_checkpoint(tmp_path / 'model.pth.tar-3')
    assert checkpoint['rank1'] == 0.375
    other = model()
    restore_model(other, checkpoint, '')
    assert torch.equal(other.classifier.weight, net.classifier.weight)


def test_a_bare_state_dict_is_read(tmp_path):
    torch.save(model().state_dict(), tmp_path / 'weights.pth')
    assert set(read_checkpoint(tmp_path / 'weights.pth')['state_dict']) == set(model().state_dict())


@pytest.mark.parametrize(
    'save',
    [
        lambda value, path: torch.save(value, path),
        lambda value, path: path.write_bytes(pickle.dumps(value)),
    ],
)
def test_code_is_refused_and_not_run(tmp_path, save):
    save({'state_dict': Code(tmp_path / 'ran')}, tmp_path / 'evil')
    with pytest.raises(InputError, match='evil" is not read.*code') as caught:
        read_checkpoint(tmp_path / 'evil')
    assert '\n' not in str(caught.value)
    assert not (tmp_path / 'ran').exists()


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match='none" does not exist; check the path'):
        read_checkpoint(tmp_path / 'none')


@pytest.mark.parametrize('size', [0, 1, 100, 1000, -100])
def test_truncated_file(tmp_path, size):
    path = tmp_path / 'model'
    torch.save(model().state_dict(), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match='model" is (broken|not read)') as caught:
        read_checkpoint(path)
    assert '\n' not in str(caught.value)


def test_not_a_dict(tmp_path):
    torch.save([1, 2], tmp_path / 'list')
    with pytest.raises(InputError, match='list" holds a list'):
        read_checkpoint(tmp_path / 'list')


def test_another_architecture_is_refused_and_nothing_loaded():
    net = model()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    other = nn.Sequential(
        collections.OrderedDict(
            body=nn.Conv2d(3, 4, 1), head=nn.Linear(1, 1), classifier=nn.Linear(4, 5)
        )
    )
    with pytest.raises(InputError, match='"x" is of another architecture') as caught:
        restore_model(net, {'state_dict': other.state_dict()}, 'x')
    message = str(caught.value)
    assert '5 weights are missing (first: norm.weight)' in message
    assert '2 are unknown (first: head.weight)' in message
    assert '2 differ in shape (first: classifier.weight, (5, 4) there and (3, 4) here)' in message
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


def test_names_of_version_0_1_are_not_changed_in_todays_files(tmp_path):
    """Another model may have a child of the old name."""
    state = {'attributes.weight': torch.zeros(1)}
    torch.save({'state_dict': state, 'model': None}, tmp_path / 'today')
    torch.save({'state_dict': state}, tmp_path / 'before')
    assert list(read_checkpoint(tmp_path / 'today')['state_dict']) == ['attributes.weight']
    assert list(read_checkpoint(tmp_path / 'before')['state_dict']) == ['attribute_heads.weight']


def test_a_file_of_another_user_is_not_called_broken(tmp_path, monkeypatch):
    def load(*_, **__):
        raise PermissionError(errno.EACCES, 'Permission denied')

    torch.save(model().state_dict(), tmp_path / 'x')
    monkeypatch.setattr(torch, 'load', load)
    with pytest.raises(InputError, match=r'x" cannot be read \(Permission denied\); let'):
        read_checkpoint(tmp_path / 'x')
