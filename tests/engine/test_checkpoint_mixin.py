"""Checkpoints of a run, and resuming from any of them."""

import math

import numpy as np
import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.same_content import assert_same
from helpers.seen_images import same_images, seen_images
from helpers.tiny_engine import build
from helpers.tiny_run import arguments
from midattr_plugin import torchreid_compat
from midattr_plugin.config import parse_config
from midattr_plugin.engine import Results, checkpoint_mixin
from midattr_plugin.errors import InputError
from midattr_plugin.train import run

TRAIN_IDS, TEST_IDS = (2, 7, 10, 11), (1, 3, 5)


@pytest.fixture
def root(tmp_path):
    write_market_tree(tmp_path, TRAIN_IDS, TEST_IDS)
    return tmp_path


def train(root, *pairs):
    return run(parse_config(arguments(root, *pairs)))


def load(root, name):
    return torch.load(root / 'log/model' / f'model.pth.tar-{name}', weights_only=True)


def test_files_of_a_run(root):
    results = train(root, 'train.max_epoch', 3, 'test.eval_freq', 2)
    names = sorted(path.name for path in (root / 'log/model').iterdir())
    assert names == [f'model.pth.tar-{name}' for name in ('2', '3', 'best', 'last')]
    last = load(root, 'last')
    assert (last['epoch'], last['evaluated']) == (3, True)
    assert last['mAP'] == results.reid['market1501_attr']['fused']['mAP']
    best = max((load(root, name) for name in '23'), key=lambda checkpoint: checkpoint['mAP'])
    assert load(root, 'best')['epoch'] == best['epoch']
    assert load(root, 'best')['best_mAP'] == best['mAP']
    assert Results.read(root / 'log/metrics.json') == results


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    'name, place',
    [
        ('midattr_tiny_market', 'train 1'),
        ('midattr_tiny_market', 'train 2'),
        ('midattr_tiny_market', 'save 2'),
        ('midattr_tiny_market', 'save 3'),
        ('midattr_tiny_market', 'save 4'),
        ('midattr_tiny_market', 'copy 1'),
        ('midattr_tiny_market', 'copy 2'),
        ('midattr_tiny_market', 'test 2'),
        ('midattr_tiny_market', 'test 4'),
        ('osnet_x0_25', 'test 1'),
    ],
)
def test_resumed_run_equals_an_uninterrupted_one(root, monkeypatch, place, name):
    """Ended in the middle of an epoch, of saving or of an evaluation."""
    pairs = [
        'model.name',
        name,
        'loss.name',
        'midattr' if 'midattr' in name else 'softmax',
        'train.max_epoch',
        3,
        'test.eval_freq',
        2,
    ]
    train(root, *pairs)
    expected = {name: load(root, name) for name in ('2', '3', 'last', 'best')}
    for path in (root / 'log/model').iterdir():
        path.unlink()

    what, number = place.split()
    function = {
        'train': (torchreid_compat.Engine, 'two_stepped_transfer_learning'),
        'save': (checkpoint_mixin, 'save_checkpoint'),
        'copy': (checkpoint_mixin, 'atomic_path'),
        'test': (torchreid_compat.metrics, 'compute_distance_matrix'),
    }[what]
    original, calls = getattr(*function), []

    def kill_at_number(*args, **kwargs):
        calls.append(1)
        if len(calls) == int(number):
            raise Killed
        return original(*args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(*function, kill_at_number)
        train(root, *pairs)
    last = root / 'log/model/model.pth.tar-last'
    train(root, *pairs, *(['model.resume', last] if last.exists() else []))
    for key, checkpoint in expected.items():
        assert_same(load(root, key), checkpoint)


EXTENDED = [
    'midattr.task_weights',
    'uncertainty',
    'midattr.warmup_epochs',
    2,
    'midattr.attribute_loss',
    'class_balanced',
    'midattr.triplet_weight',
    1,
    'sampler.train_sampler',
    'RandomIdentitySampler',
    'sampler.num_instances',
    2,
    'train.max_epoch',
    4,
]


@pytest.mark.parametrize('optim, scheduler', [('sgd', 'cosine'), ('amsgrad', 'multi_step')])
def test_learned_weights_and_warm_up_resume_bit_for_bit(root, optim, scheduler):
    """From every epoch: within the warm-up, at its end and after it."""
    pairs = [
        *EXTENDED,
        'train.lr_scheduler',
        scheduler,
        'train.optim',
        optim,
        *(['train.stepsize', '[3]'] if scheduler == 'multi_step' else []),
    ]
    results = train(root, *pairs, 'test.eval_freq', 1)
    expected = load(root, 'last')
    learned = expected['criterion']['task_uncertainty.log_variances']
    assert learned.shape == (14,) and (learned != 0).all()
    assert list(results.extra['task_weights'].values()) == pytest.approx(
        torch.exp(-learned).tolist()
    )
    assert Results.read(root / 'log/metrics.json') == results
    for epoch in (1, 2, 3):
        resume = root / f'from{epoch}'
        (root / f'log/model/model.pth.tar-{epoch}').rename(resume)
        (root / 'log/model/model.pth.tar-last').unlink()
        train(root, *pairs, 'test.eval_freq', 1, 'model.resume', resume)
        assert_same(load(root, 'last'), expected)


def test_learned_weights_are_reported_where_they_are_known(root):
    pairs = ['midattr.task_weights', 'uncertainty']
    last = root / 'log/model/model.pth.tar-last'
    learned = train(root, *pairs).extra['task_weights']
    evaluate = [*pairs, 'test.evaluate', True]
    assert train(root, *evaluate, 'model.resume', last).extra['task_weights'] == learned
    assert 'task_weights' not in train(root, *evaluate, 'model.load_weights', last).extra


def test_what_was_trained_otherwise_is_not_resumed(root):
    last = ['model.resume', root / 'log/model/model.pth.tar-last']
    train(root, 'train.max_epoch', 1)
    assert load(root, 'last')['criterion'] == {}
    with pytest.raises(InputError, match='another optimizer.*midattr.task_weights'):
        train(root, *last, 'midattr.task_weights', 'uncertainty')
    for schedule in (
        ['midattr.warmup_epochs', 1],
        ['train.lr_scheduler', 'cosine'],
        ['train.lr_scheduler', 'multi_step', 'train.stepsize', '[1]'],
    ):
        with pytest.raises(InputError, match='another schedule .*midattr.warmup_epochs'):
            train(root, *last, *schedule)
    train(root, *EXTENDED[:4], 'train.max_epoch', 3)
    with pytest.raises(InputError, match='another loss.*midattr.task_weights'):
        train(root, *last)
    for schedule in ([], [*EXTENDED[2:4], 'train.max_epoch', 3, 'train.lr_scheduler', 'cosine']):
        with pytest.raises(InputError, match='another schedule .*train.lr_scheduler'):
            train(root, *last, *EXTENDED[:2], *schedule)


def test_what_another_loss_learned_is_not_resumed(root):
    pairs = ['midattr.task_weights', 'uncertainty']
    train(root, *pairs, 'train.max_epoch', 1)
    other = load(root, 'last')
    other['criterion'] = {'attribute_loss.scale': torch.zeros(14)}
    torch.save(other, root / 'other')
    with pytest.raises(InputError, match='another loss .*midattr.attribute_loss'):
        train(root, *pairs, 'model.resume', root / 'other')


def test_a_cosine_goes_on_over_more_epochs(root, capsys):
    """As if all epochs had been asked for from the start."""
    pairs = ['train.lr_scheduler', 'cosine']
    last = root / 'log/model/model.pth.tar-last'
    train(root, *pairs, 'train.max_epoch', 6)
    expected = load(root, 'last')
    train(root, *pairs, 'train.max_epoch', 2)
    capsys.readouterr()
    train(root, *pairs, 'train.max_epoch', 6, 'model.resume', last)
    out = capsys.readouterr().out
    rates = [line.split('lr ')[1] for line in out.splitlines() if line.startswith('epoch: [3/6]')]
    assert rates == [f'{0.005 * (1 + math.cos(math.pi * 2 / 6)):.4g}'] * 2
    assert 'of the new number of epochs (train.max_epoch); the rate is 0.0075 now' in out
    assert load(root, 'last')['epoch'] == 6
    assert_same(load(root, 'last')['scheduler'], expected['scheduler'])


def test_settings_that_a_resume_would_override_are_refused(root):
    last = root / 'log/model/model.pth.tar-last'
    train(root)
    written = (root / 'log/config.yaml').read_text()
    for pairs, words in (
        (['train.lr', 0.00001], 'train.lr 0.01, .* but train.lr is 1e-05 now'),
        (['train.seed', 2], 'train.seed 1, which cannot become 2'),
        (['train.max_epoch', 1], 'train.max_epoch is 1, but ".*last" was written after 2 epochs'),
        (['midattr.last_stride', 1], 'midattr.last_stride 2, which cannot become 1'),
        (['sgd.momentum', 0.5], 'sgd.momentum 0.9'),
    ):
        with pytest.raises(InputError, match=words):
            train(root, *pairs, 'model.resume', last)
    assert (root / 'log/config.yaml').read_text() == written


def test_other_changes_are_said(root, capsys):
    train(root, 'train.max_epoch', 1)
    last = root / 'log/model/model.pth.tar-last'
    train(root, 'midattr.mu', 1, 'train.batch_size', 8, 'model.resume', last)
    out = capsys.readouterr().out
    assert 'Other settings from here on: train.batch_size: 4 -> 8; midattr.mu: 5.0 -> 1.0' in out
    assert load(root, 'last')['settings']['midattr.mu'] == 1.0


def test_the_best_of_other_targets_is_forgotten(root):
    train(root, 'train.max_epoch', 1)
    checkpoint = load(root, 'last')
    checkpoint['best_mAP'] = 2.0  # which no model can reach
    torch.save(checkpoint, root / 'unreachable')
    resume = ['model.resume', root / 'unreachable']
    train(root, *resume)
    assert load(root, 'last')['best_mAP'] == 2.0
    train(root, *resume, 'test.dist_metric', 'cosine')
    assert load(root, 'best')['best_mAP'] == load(root, 'last')['mAP']


def test_other_training_images_are_refused(root):
    train(root, 'train.max_epoch', 1)
    images = root / 'market1501/Market-1501-v15.09.15/bounding_box_train'
    sorted(images.iterdir())[0].unlink()
    with pytest.raises(InputError, match=r'other training images \(16 then, 15 now\)'):
        train(root, 'model.resume', root / 'log/model/model.pth.tar-last')


def test_another_seed_would_hold_out_images_that_were_trained_on(root):
    pairs = ['midattr.validation_images', 4, 'train.max_epoch', 1]
    train(root, *pairs)
    checkpoint = load(root, 'last')
    del checkpoint['settings']  # so that the images alone tell
    torch.save(checkpoint, root / 'plain')
    with pytest.raises(InputError, match='midattr.validation_images as they were'):
        train(root, *pairs, 'train.seed', 2, 'model.resume', root / 'plain')


def test_checkpoints_that_would_soon_be_replaced_are_not_written(root, monkeypatch):
    """An epoch takes 25 seconds on this clock, and a test none."""
    now, written = [0.0], []
    engine = torchreid_compat.Engine
    original = engine.two_stepped_transfer_learning

    def start_of_epoch(self, *args, **kwargs):
        now[0] += 25
        return original(self, *args, **kwargs)

    monkeypatch.setattr(engine, 'two_stepped_transfer_learning', start_of_epoch)
    monkeypatch.setattr(checkpoint_mixin.time, 'monotonic', lambda: now[0])
    save = checkpoint_mixin.save_checkpoint

    def noted(state, path):
        if (name := path.name.rpartition('-')[2]) != 'best':
            written.append((name, state['epoch']))
        save(state, path)

    monkeypatch.setattr(checkpoint_mixin, 'save_checkpoint', noted)
    pairs = ['train.max_epoch', 8, 'test.eval_freq', 6, 'midattr.checkpoint_seconds', 60]
    train(root, *pairs)
    # after the first epoch, a minute later, before both tests, and of both tests
    assert written == [
        ('last', 1),
        ('last', 4),
        ('last', 6),
        ('6', 6),
        ('last', 8),
        ('8', 8),
    ]


def test_an_older_checkpoint_has_no_criterion(root):
    train(root, 'train.max_epoch', 1)
    old = load(root, 'last')
    del old['criterion']
    torch.save(old, root / 'old')
    assert train(root, 'model.resume', root / 'old').epoch == 2


@pytest.mark.parametrize('lacking', [['data_seed'], ['data_seed', 'random_state']])
def test_an_older_checkpoint_goes_on_with_the_images_of_the_seed(root, lacking):
    """Up to version 0.3 the random state said which these were; torchreid has not even that."""
    pairs = ['train.max_epoch', 3, 'train.seed', 0]
    expected = seen_images(arguments(root, *pairs))
    train(root, *pairs, 'train.max_epoch', 1)
    old = load(root, 'last')
    assert old['data_seed'] == 0
    for key in lacking:
        del old[key]
    torch.save(old, root / 'old')
    resumed = seen_images(arguments(root, *pairs, 'model.resume', root / 'old'))
    assert len(resumed) == 8 and same_images(resumed, expected[4:])


def test_a_damaged_seed(root):
    train(root, 'train.max_epoch', 1)
    for seed in ('1', -1, 1.5, True):
        damaged = load(root, 'last') | {'data_seed': seed}
        torch.save(damaged, root / 'damaged')
        with pytest.raises(InputError, match='damaged .its data_seed is .*use another one'):
            train(root, 'model.resume', root / 'damaged')


@pytest.mark.parametrize('chosen, expected', [(None, 5), (9, 9)])
def test_a_script_resumes_with_the_images_that_it_had(root, tmp_path, chosen, expected):
    """Even if PyTorch has been given another seed."""
    engine = build(root)
    engine.data_seed = chosen
    torch.manual_seed(5)
    engine.run(save_dir=str(tmp_path), max_epoch=1)
    assert engine.data_seed == expected
    resumed = build(root)
    torch.manual_seed(6)
    epochs = resumed.resume(tmp_path / 'model/model.pth.tar-last')
    resumed.run(save_dir=str(tmp_path), max_epoch=2, start_epoch=epochs)
    assert resumed.data_seed == expected


def test_warm_up_of_a_baseline(root):
    pairs = ['model.name', 'osnet_x0_25', 'loss.name', 'softmax', 'midattr.warmup_epochs', 1]
    train(root, *pairs)
    expected = load(root, 'last')
    train(root, *pairs, 'test.eval_freq', 1)
    train(root, *pairs, 'model.resume', root / 'log/model/model.pth.tar-1')
    assert_same(load(root, 'last')['state_dict'], expected['state_dict'])


def test_leftovers_of_a_killed_save_are_removed(root):
    leftover = root / 'log/model/.model.pth.tar-last.abc.tmp'
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    train(root, 'train.max_epoch', 1)
    assert not leftover.exists()


def test_training_goes_on_from_a_checkpoint_of_torchreid(root):
    """It has torchreid's keys only, rank-1 as a NumPy scalar and DataParallel's prefix."""
    train(root, 'train.max_epoch', 1)
    ours = load(root, 'last')
    for group in ours['optimizer']['param_groups']:
        group['fused'] = None  # torchreid leaves it to PyTorch
    torchreid_compat.utils.save_checkpoint(
        {
            'state_dict': {f'module.{key}': value for key, value in ours['state_dict'].items()},
            'epoch': 1,
            'rank1': np.float64(0.5),
            'optimizer': ours['optimizer'],
            'scheduler': ours['scheduler'],
        },
        str(root / 'torchreid'),
    )
    results = train(root, 'model.resume', root / 'torchreid/model.pth.tar-1')
    assert results.epoch == 2
    assert load(root, 'last')['epoch'] == 2


@pytest.mark.parametrize('then, now', [(0, 2), (1, 0)])
def test_frozen_layers_are_a_setting_that_may_change(root, then, now):
    """Without frozen layers the step of the optimizer is one kernel."""
    train(root, 'train.max_epoch', 1, 'train.fixbase_epoch', then)
    last = root / 'log/model/model.pth.tar-last'
    assert train(root, 'model.resume', last, 'train.fixbase_epoch', now).epoch == 2


def test_final_test_of_a_run_that_had_ended(root):
    train(root)
    before = load(root, '2')
    (root / 'log/metrics.json').unlink()
    results = train(root, 'model.resume', root / 'log/model/model.pth.tar-last')
    assert results.epoch == 2
    assert (root / 'log/metrics.json').exists()
    assert_same(load(root, '2')['state_dict'], before['state_dict'])
    assert not (root / 'log/model/model.pth.tar-1').exists()


def test_weights_alone_cannot_be_resumed(root):
    train(root, 'train.max_epoch', 1)
    torch.save(load(root, 'last')['state_dict'], root / 'weights.pth')
    with pytest.raises(InputError, match='holds no epoch, optimizer, scheduler.*load_weights'):
        train(root, 'model.resume', root / 'weights.pth')
    assert train(root, 'model.load_weights', root / 'weights.pth', 'test.evaluate', True)


def test_another_architecture_cannot_be_resumed(root):
    """Neither by the settings in the checkpoint nor, where it has none, by its weights."""
    train(root, 'train.max_epoch', 1)
    last = root / 'log/model/model.pth.tar-last'
    checkpoint = load(root, 'last')
    del checkpoint['settings']
    torch.save(checkpoint, root / 'plain')
    for path, words in ((last, 'cannot become midattr_tiny '), (root / 'plain', 'architecture')):
        with pytest.raises(InputError, match=words):
            train(root, 'model.resume', path, 'model.name', 'midattr_tiny')


def test_classes_in_another_order_cannot_be_resumed(root):
    train(root, 'train.max_epoch', 1)
    checkpoint = load(root, 'last')
    del checkpoint['settings']
    classes = checkpoint['model']['schema']['attributes'][-1]['classes']
    classes.reverse()
    torch.save(checkpoint, root / 'reversed')
    with pytest.raises(InputError, match='other attributes: .*lower_color.* in another order'):
        train(root, 'model.resume', root / 'reversed')


def test_another_optimizer_cannot_be_resumed(root):
    train(root, 'train.max_epoch', 1)
    checkpoint = load(root, 'last')
    del checkpoint['settings']
    torch.save(checkpoint, root / 'plain')
    last = root / 'log/model/model.pth.tar-last'
    for key, value in (('train.staged_lr', True), ('train.optim', 'adam')):
        for path, words in (
            (last, f'{key} .*cannot become'),
            (root / 'plain', 'another optimizer'),
        ):
            with pytest.raises(InputError, match=f'written with {words}'):
                train(root, 'model.resume', path, key, value)


def test_another_first_epoch_than_that_of_the_checkpoint_is_refused(root):
    build(root).run(save_dir=str(root / 'log'), max_epoch=1)
    last = root / 'log/model/model.pth.tar-last'
    engine = build(root)
    start = engine.resume(last)
    with pytest.raises(InputError, match=r'after epoch 1, .* epoch 0; call run\(start_epoch=1, '):
        engine.run(save_dir=str(root / 'script'), max_epoch=2)
    engine.resume(last)
    engine.run(save_dir=str(root / 'script'), max_epoch=2, start_epoch=start)
    assert engine.trained_epochs == 2


def test_evaluation_alone_gives_the_same_figures(root):
    trained = train(root)
    evaluated = train(
        root, 'test.evaluate', True, 'model.load_weights', root / 'log/model/model.pth.tar-last'
    )
    assert evaluated.reid == trained.reid
    assert evaluated.attributes == trained.attributes
