"""The end of an epoch, whatever its loader yields, in our engine and in those of torchreid."""

import itertools
import math
import re
from types import SimpleNamespace

import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.seen_images import recorded_images, same_images
from helpers.tiny_engine import build
from helpers.tiny_run import arguments
from midattr_plugin import torchreid_compat
from midattr_plugin.engine import (
    TrackedImageSoftmaxEngine,
    TrackedImageTripletEngine,
)
from midattr_plugin.errors import InputError
from midattr_plugin.train import main


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    return root


class Loader:
    """Yields other batches than it says."""

    def __init__(self, batches, promised):
        self.batches, self.promised = batches, promised
        self.dataset = None

    def __len__(self):
        return self.promised

    def __iter__(self):
        return iter(self.batches)


def engine_of(kind, root):
    own = build(root)
    if kind is None:
        return own
    model = torchreid_compat.models.build_model(
        'resnet18', 4, loss='triplet' if 'Triplet' in kind.__name__ else 'softmax', pretrained=False
    )
    optimizer = torchreid_compat.optim.build_optimizer(model, 'sgd', lr=0.001)
    return kind(own.datamanager, model, optimizer, use_gpu=False, label_smooth=False)


KINDS = [None, TrackedImageSoftmaxEngine, TrackedImageTripletEngine]
NAMES = ['ours', 'softmax', 'triplet']


def test_rows_of_a_script_see_the_same_images(root, tmp_path):
    """Those of the seed that PyTorch has, whatever models and steps have drawn from it."""
    seen = []
    for number, (kind, seed) in enumerate(
        [(None, 5), (TrackedImageSoftmaxEngine, 5), (TrackedImageTripletEngine, 5), (None, 6)]
    ):
        engine = engine_of(kind, root)
        torchreid_compat.utils.set_random_seed(seed)
        torch.rand(number)
        with recorded_images() as steps:
            engine.run(save_dir=str(tmp_path), max_epoch=3)
        seen.append(steps)
    assert len(seen[0]) == 6
    assert same_images(seen[1], seen[0]) and same_images(seen[2], seen[0])
    assert not same_images(seen[3], seen[0])


def test_the_loader_is_that_of_before_after_an_epoch(engine):
    """Also after one that fails."""
    loader = engine.train_loader
    engine.train()
    assert engine.train_loader is loader
    loader.batches = []
    with pytest.raises(InputError):
        engine.train()
    engine.forward_backward = lambda data: 1 / 0
    loader.batches = [{}]
    with pytest.raises(ZeroDivisionError):
        engine.train()
    assert engine.train_loader is loader


@pytest.fixture(params=KINDS, ids=NAMES)
def engine(request, root, tmp_path):
    engine = engine_of(request.param, root)
    batch = next(iter(engine.train_loader))
    dataset = engine.train_loader.dataset
    engine.train_loader = Loader([batch] * 5, promised=9)
    engine.train_loader.dataset = dataset
    engine.save_dir, engine.max_epoch = str(tmp_path), 1
    (tmp_path / 'model').mkdir()
    return engine


def lines(printed):
    return [
        tuple(map(int, numbers))
        for numbers in re.findall(r'^epoch: \[1/1\]\[(\d+)/(\d+)\]', printed, re.M)
    ]


@pytest.mark.parametrize(
    'print_freq, expected', [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (5, [5]), (9, [5]), (50, [5])]
)
def test_the_last_line_of_an_epoch_that_ends_early(engine, capsys, print_freq, expected):
    saved = []
    engine._state = lambda *states, **measured: saved.append(lines(capsys.readouterr().out)) or {}
    engine.train(print_freq=print_freq)
    assert saved == [[(batch, 9) for batch in expected]]  # all before the checkpoint


def test_the_last_line_is_over_all_steps_since_the_one_before(root, capsys, tmp_path):
    """As on a GPU, where steps are read only if they are printed."""
    engine, expected = build(root), build(root)
    batches = list(itertools.islice(itertools.cycle(engine.train_loader), 5))
    dataset = engine.train_loader.dataset
    torch.manual_seed(5)  # of dropout
    losses = [expected.forward_backward(batch)['loss'] for batch in batches]
    engine.train_loader = Loader(batches, promised=9)
    engine.train_loader.dataset = dataset
    engine._is_read = engine._is_due
    engine.save_dir, engine.max_epoch = str(tmp_path), 1
    (tmp_path / 'model').mkdir()
    capsys.readouterr()
    torch.manual_seed(5)
    engine.train(print_freq=9)
    [line] = [row for row in capsys.readouterr().out.splitlines() if row.startswith('epoch: ')]
    assert f'loss {sum(losses) / 5:.4g}' in line
    assert engine._log.read() == {}


def test_the_rate_of_the_last_line_is_that_of_the_epoch(engine, capsys):
    engine.scheduler = torch.optim.lr_scheduler.StepLR(engine.optimizer, 1, 0.1)
    engine.register_model('model', engine.model, engine.optimizer, engine.scheduler)
    rate = engine.get_current_lr()
    capsys.readouterr()
    engine.train(print_freq=9)
    printed = capsys.readouterr().out
    assert float(re.search(r'lr (\S+)', printed)[1]) == rate
    assert engine.get_current_lr() == pytest.approx(rate / 10)


def test_an_epoch_without_a_batch(engine):
    engine.train_loader.batches = []
    engine.batch_idx = 3  # of an epoch before
    engine._state = lambda *states, **measured: pytest.fail('a checkpoint was written')
    with pytest.raises(InputError, match='no batch could be made .+ in epoch 1; lower train.batch'):
        engine.train()


def test_a_loss_that_is_not_finite(engine):
    """The first step after which it shows, of any engine."""
    engine._state = lambda *states, **measured: pytest.fail('a checkpoint was written')
    batch = engine.train_loader.batches[0]
    broken = batch | {'img': torch.full_like(batch['img'], math.inf)}
    engine.train_loader.batches = [batch, broken, batch]
    with pytest.raises(
        FloatingPointError,
        match=r'not finite in epoch 1, batch 2 \(loss\w* = nan.*; lower train.lr',
    ):
        engine.train()


@pytest.mark.parametrize(
    'precision, words',
    [(None, '; lower train.lr in a new'), ('fp32', '; lower'), ('bf16', '; set .*fp32, or lower')],
)
def test_what_helps_depends_on_the_precision(engine, precision, words):
    engine.precision = precision and SimpleNamespace(name=precision)
    with pytest.raises(FloatingPointError, match=words):
        engine.check_finite({'loss': math.nan})


def test_a_loss_that_is_not_finite_and_was_not_read(root):
    """On a GPU the last steps of an epoch that ends early are read at its end."""
    engine = build(root)
    batch = next(iter(engine.train_loader))
    broken = batch | {'img': torch.full_like(batch['img'], math.nan)}
    dataset = engine.train_loader.dataset
    engine.train_loader = Loader([batch, batch, broken], promised=9)
    engine.train_loader.dataset = dataset
    engine._is_read = engine._is_due
    engine.max_epoch = 1
    engine._state = lambda *states, **measured: pytest.fail('a checkpoint was written')
    with pytest.raises(FloatingPointError, match='not finite in epoch 1, batch 3'):
        engine.train(print_freq=9)


def test_weights_that_are_not_finite(engine):
    """The last step may have broken them, which no loss of the epoch shows."""
    engine._state = lambda *states, **measured: pytest.fail('a checkpoint was written')
    step = engine.forward_backward
    name, weight = next(iter(engine.model.named_parameters()))

    def broken_at_last(data):
        summary = step(data)
        if engine.batch_idx == 4:
            with torch.no_grad():
                weight[0, 0, 0, 0] = math.inf
        return summary

    engine.forward_backward = broken_at_last
    with pytest.raises(FloatingPointError, match=rf'weights are not .+ epoch 1 \({name}\)'):
        engine.train()


@pytest.mark.parametrize(
    'settings', [(), ('model.name', 'resnet18', 'loss.name', 'softmax')], ids=['ours', 'torchreid']
)
def test_a_run_with_an_identity_sampler_that_ends_early(tmp_path, capsys, settings):
    """Each of three identities has two groups of images; both of one may be left over."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10), test_ids=(1, 3))
    pairs = ['sampler.train_sampler', 'RandomIdentitySampler', 'sampler.num_instances', 2]
    pairs += ['train.max_epoch', 1, 'train.print_freq', 50, *settings]
    assert main(arguments(tmp_path, *pairs)) == 0
    [(batch, promised)] = lines(capsys.readouterr().out)
    assert 1 <= batch <= promised
