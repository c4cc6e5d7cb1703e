"""A resumed optimizer and schedule are those that the configuration asks for, or refused."""

import math
import warnings

import pytest
import torch

from midattr_plugin import torchreid_compat
from midattr_plugin.engine.resumed_state import restore_optimizer, restore_schedule
from midattr_plugin.errors import InputError
from midattr_plugin.optim import with_warmup

EPOCHS = 6


class Training:
    def __init__(
        self,
        optim='sgd',
        schedule='cosine',
        max_epoch=EPOCHS,
        warmup=0,
        stepsize=2,
        gamma=0.1,
        flat=0,
        **o,
    ):
        self.parameter = torch.nn.Parameter(torch.ones(3))
        net = torch.nn.Module()
        net.parameter = self.parameter
        self.optimizer = torchreid_compat.optim.build_optimizer(net, optim, **{'lr': 0.1} | o)
        self.scheduler = with_warmup(
            self.optimizer,
            warmup,
            max_epoch,
            schedule == 'cosine',
            lambda epochs: torchreid_compat.optim.build_lr_scheduler(
                self.optimizer, schedule, stepsize, gamma, epochs
            ),
            flat,
        )

    def train(self, epochs):
        """Return the rate of each epoch."""
        rates = []
        for _ in range(epochs):
            rates.append(self.optimizer.param_groups[0]['lr'])
            self.parameter.grad = torch.ones(3)
            self.optimizer.step()
            self.scheduler.step()
        return rates

    def resume(self, other, epoch):
        rates = [group['lr'] for group in self.optimizer.param_groups]
        restore_optimizer(self.optimizer, other.optimizer.state_dict(), 'x')
        return restore_schedule(self.scheduler, rates, other.scheduler.state_dict(), epoch, 'x')


@pytest.mark.parametrize('warmup, flat', [(0, 0), (1, 0), (0, 1), (1, 2)])
@pytest.mark.parametrize('before', [2, 4, 12])
def test_a_cosine_over_more_or_fewer_epochs_is_that_of_the_new_number(before, warmup, flat):
    expected = Training(warmup=warmup, flat=flat).train(EPOCHS)
    first = Training(max_epoch=before + 5 * flat, warmup=warmup, flat=flat)
    first.train(2)
    resumed = Training(warmup=warmup, flat=flat)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert resumed.resume(first, 2) is True
        assert resumed.train(EPOCHS - 2) == expected[2:]
    if not warmup + flat:
        assert expected[2:] == pytest.approx(
            [0.05 * (1 + math.cos(math.pi * epoch / EPOCHS)) for epoch in range(2, EPOCHS)]
        )


@pytest.mark.parametrize('schedule, stepsize', [('single_step', 2), ('multi_step', [2, 4])])
def test_steps_do_not_depend_on_the_number_of_epochs(schedule, stepsize):
    options = {'schedule': schedule, 'stepsize': stepsize, 'warmup': 1}
    expected = Training(**options).train(EPOCHS)
    first = Training(max_epoch=3, **options)
    first.train(3)
    resumed = Training(**options)
    assert resumed.resume(first, 3) is False
    assert resumed.train(EPOCHS - 3) == expected[3:]


@pytest.mark.parametrize(
    'before, now, key',
    [
        ({}, {'lr': 0.2}, 'train.lr 0.1.*train.lr is 0.2 now'),
        ({}, {'weight_decay': 0.0}, 'train.weight_decay'),
        ({}, {'momentum': 0.5}, 'sgd.momentum'),
        ({}, {'sgd_nesterov': True}, 'sgd.nesterov'),
        ({'optim': 'adam'}, {'optim': 'adam', 'adam_beta1': 0.5}, 'adam.beta1'),
        ({'optim': 'rmsprop'}, {'optim': 'rmsprop', 'rmsprop_alpha': 0.5}, 'rmsprop.alpha'),
        ({'schedule': 'single_step'}, {'schedule': 'single_step', 'stepsize': 3}, 'train.stepsize'),
        (
            {'schedule': 'multi_step', 'stepsize': [2]},
            {'schedule': 'multi_step', 'stepsize': [2, 3]},
            r'train.stepsize \[2\].*\[2, 3\] now',
        ),
        ({'schedule': 'single_step'}, {'schedule': 'single_step', 'gamma': 0.5}, 'train.gamma'),
        ({'warmup': 1}, {'warmup': 2}, 'midattr.warmup_epochs|train.max_epoch'),
        ({'flat': 1}, {'flat': 2}, 'warmup_epochs or midattr.flat_epochs'),
        ({'flat': 1}, {}, 'another schedule'),
        ({'schedule': 'single_step'}, {}, 'another schedule'),
    ],
)
def test_what_a_resume_would_override_is_refused_by_name(before, now, key):
    first = Training(**before)
    first.train(1)
    with pytest.raises(InputError, match=f'"x" was written with .*{key}'):
        Training(**now).resume(first, 1)


def test_a_rate_of_staged_layers_may_be_that_of_either_key():
    def staged(base_rate):
        parameters = [torch.nn.Parameter(torch.ones(3)) for _ in range(2)]
        return torch.optim.SGD(
            [{'params': p, 'lr': x} for p, x in zip(parameters, (base_rate, 1.0), strict=True)]
        )

    state = staged(0.1).state_dict()
    restore_optimizer(staged(0.1), state, 'x')
    with pytest.raises(InputError, match='with train.lr or train.base_lr_mult 0.1, .*is 0.5 now'):
        restore_optimizer(staged(0.5), state, 'x')


@pytest.mark.parametrize(
    'before, now',
    [
        (before, now)
        for before in ('sgd', 'adam', 'amsgrad', 'rmsprop', 'radam')
        for now in ('sgd', 'adam', 'amsgrad', 'rmsprop', 'radam')
    ],
)
def test_the_state_of_another_optimizer_is_refused(before, now):
    first = Training(before)
    first.train(1)
    if before == now:
        Training(now).resume(first, 1)
        return
    resumed = Training(now)
    with pytest.raises(InputError, match='"x" was written with another optimizer'):
        resumed.resume(first, 1)
    assert not resumed.optimizer.state


def test_a_file_keeps_what_is_compared(tmp_path):
    """Tuples and counters become other types in a checkpoint."""
    from midattr_plugin.engine.checkpoint_file import plain

    first = Training('adam', 'multi_step', stepsize=[2, 4], warmup=1)
    first.train(2)
    torch.save(
        plain({'o': first.optimizer.state_dict(), 's': first.scheduler.state_dict()}),
        tmp_path / 'x',
    )
    read = torch.load(tmp_path / 'x', weights_only=True)
    resumed = Training('adam', 'multi_step', stepsize=[2, 4], warmup=1)
    rates = [group['lr'] for group in resumed.optimizer.param_groups]
    restore_optimizer(resumed.optimizer, read['o'], 'x')
    assert restore_schedule(resumed.scheduler, rates, read['s'], 2, 'x') is False
    assert resumed.train(2) == first.train(2)
