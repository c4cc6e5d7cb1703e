"""What is tested and saved is the average; what is trained goes on bit-for-bit."""

from unittest.mock import patch

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from helpers.fake_market import write_market_tree
from helpers.same_content import assert_same
from helpers.tiny_run import arguments
from midattr_plugin import load_model
from midattr_plugin.config import parse_config
from midattr_plugin.engine import evaluation
from midattr_plugin.errors import InputError
from midattr_plugin.train import main, run

DECAY = ['midattr.ema_decay', 0.8, 'train.max_epoch', 3]
SOFTMAX = ['model.name', 'resnet18', 'loss.name', 'softmax']


@pytest.fixture
def root(tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return tmp_path


def train(root, *pairs):
    return run(parse_config(arguments(root, *pairs)))


def load(root, name='last'):
    return torch.load(root / f'log/model/model.pth.tar-{name}', weights_only=True)


def floats(state):
    return {name: value.clone() for name, value in state.items() if value.is_floating_point()}


@pytest.mark.parametrize('pairs', [[], SOFTMAX], ids=['ours', 'of torchreid'])
def test_the_average_of_all_steps_is_tested_and_saved(root, pairs):
    steps, tested = [], []
    original_rank = evaluation.EvaluationMixin._evaluate

    def keep_weights(optimizer, *_):
        steps.append([p.detach().clone() for g in optimizer.param_groups for p in g['params']])

    def evaluate(engine, *args, **options):
        tested.append(floats(engine.model.state_dict()))
        return original_rank(engine, *args, **options)

    hook = register_optimizer_step_post_hook(keep_weights)
    with patch.object(evaluation.EvaluationMixin, '_evaluate', evaluate):
        results = train(root, *DECAY, *pairs)
    hook.remove()
    average = [torch.zeros_like(x) for x in steps[0]]
    for n, values in enumerate(steps):
        decay = min(0.8, (1 + n) / (10 + n)) if n else 0
        average = [decay * a + (1 - decay) * x for a, x in zip(average, values, strict=True)]
    checkpoint = load(root)
    assert checkpoint['averaging']['steps'] == len(steps)
    saved = checkpoint['state_dict']
    parameters = [name for name in saved if not name.endswith(('mean', 'var', 'tracked'))]
    for name, expected, trained in zip(parameters, average, steps[-1], strict=True):
        torch.testing.assert_close(saved[name], expected, atol=1e-6, rtol=1e-5)
        assert torch.equal(checkpoint['averaging']['weights'][name], trained)
    assert any(
        not torch.equal(saved[name], checkpoint['averaging']['weights'][name]) for name in saved
    )
    assert all(torch.equal(value, saved[name]) for name, value in tested[-1].items())
    # a test of the file, and whoever loads it, has the average
    path = root / 'log/model/model.pth.tar-last'
    again = train(root, *pairs, 'test.evaluate', True, 'model.load_weights', path)
    assert again.reid == results.reid
    model = load_model(path)
    assert all(torch.equal(value, saved[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize('pairs', [[], SOFTMAX], ids=['ours', 'of torchreid'])
def test_a_resume_is_exact_from_every_epoch(root, pairs):
    pairs = [*DECAY, *pairs, 'test.eval_freq', 1, 'train.optim', 'adam']
    train(root, *pairs)
    expected = {name: load(root, name) for name in ('2', '3', 'last', 'best')}
    for epoch in (1, 2):
        start = root / f'from{epoch}'
        start.write_bytes((root / f'log/model/model.pth.tar-{epoch}').read_bytes())
        train(root, *pairs, 'model.resume', start)
        for name in ('3', 'last', 'best'):
            assert_same(load(root, name), expected[name])


def test_training_is_the_same_with_and_without(root):
    train(root, 'train.max_epoch', 3, 'test.eval_freq', 1)
    plain = load(root)
    assert 'averaging' not in plain
    train(root, *DECAY, 'test.eval_freq', 1)
    assert_same(load(root)['averaging']['weights'], plain['state_dict'])


def test_a_resume_with_another_decay_is_refused(root, capsys):
    train(root, *DECAY)
    path = root / 'log/model/model.pth.tar-last'
    more = ['train.max_epoch', 4, 'model.resume', path, 'midattr.ema_decay']
    for decay in (0, 0.9):
        assert main(arguments(root, *more, decay)) == 1
        assert 'midattr.ema_decay 0.8, which cannot become' in capsys.readouterr().err


def test_an_average_that_only_one_of_them_has_is_refused(root):
    """Without settings in the checkpoint, as a script writes it."""
    train(root, *DECAY)
    checkpoint = load(root) | {'settings': {}}
    path = root / 'script'
    torch.save(checkpoint, path)
    with pytest.raises(InputError, match='a training with an average .*ema_decay above 0'):
        train(root, 'train.max_epoch', 4, 'model.resume', path)
    del checkpoint['averaging']
    torch.save(checkpoint, path)
    with pytest.raises(InputError, match='a training without an average .*ema_decay 0'):
        train(root, *DECAY, 'train.max_epoch', 4, 'model.resume', path)


def test_a_test_before_training_is_one_of_the_weights(root, capsys):
    train(root, *DECAY, 'train.max_epoch', 1, 'midattr.evaluate_first', True)
    lines = capsys.readouterr().out.split('=> Start training')
    assert [text.count('average of the weights (decay 0.8)') for text in lines] == [0, 1]
