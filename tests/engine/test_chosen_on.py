"""On what -best is chosen, and where a checkpoint that was chosen on the test images says so."""

import json

import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.same_content import assert_same
from helpers.tiny_engine import build
from helpers.tiny_run import arguments
from midattr_plugin import load_model
from midattr_plugin.config import parse_config
from midattr_plugin.datasets.held_out_identities import hold_out_identities
from midattr_plugin.engine import Results
from midattr_plugin.engine.chosen_on import HELD_OUT, TEST, UNKNOWN, choice_note, chosen_on
from midattr_plugin.engine.evaluation import EvaluationMixin
from midattr_plugin.errors import InputError
from midattr_plugin.train import run

N = 'midattr.validation_identities'
NOTE = (
    'so that its score there is too high; test -last, or choose on midattr.validation_identities '
    '(without identities: on images of the split val)'
)
CHOSEN = f'Note: this checkpoint was chosen on the test images, {NOTE}'
MAYBE = 'Note: it is unknown on what this checkpoint was chosen, but probably on the test images'
SOFTMAX = ['model.name', 'osnet_x0_25', 'loss.name', 'softmax']
EACH_EPOCH = ['train.max_epoch', 3, 'test.eval_freq', 1]


@pytest.fixture
def root(tmp_path):
    write_market_tree(tmp_path, (2, 7, 10, 11, 20, 21), (1, 3, 5))
    return tmp_path


def train(root, *pairs):
    return run(parse_config(arguments(root, *pairs)))


def path_of(root, name):
    return root / 'log/model' / f'model.pth.tar-{name}'


def load(root, name):
    return torch.load(path_of(root, name), weights_only=True)


def rewrite(path, target, **entries):
    """Write a checkpoint with other entries, those that are None left out."""
    content = torch.load(path, weights_only=True) | entries
    torch.save({key: value for key, value in content.items() if value is not None}, target)
    return target


@pytest.fixture
def hand_made(monkeypatch):
    """Scores of three tested epochs: on the test images the first is best, else the second."""
    test, held_out = iter([0.9, 0.1, 0.5]), iter([0.3, 0.8, 0.6])
    monkeypatch.setattr(Results, 'mean_mAP', lambda self, descriptor: next(test))
    monkeypatch.setattr(
        EvaluationMixin, '_rank_held_out', lambda self, **options: {'mAP': next(held_out)}
    )


def test_best_on_held_out_identities(root, hand_made, capsys):
    results = train(root, *EACH_EPOCH, N, 2)
    best = load(root, 'best')
    assert (best['epoch'], best['chosen_on'], best['best_mAP'], best['mAP']) == (
        2,
        HELD_OUT,
        0.8,
        0.1,
    )
    assert load(root, 'last')['best_mAP'] == 0.8
    for name in ('1', '2', '3', 'last'):
        assert load(root, name)['chosen_on'] is None
    for key, value in load(root, '2')['state_dict'].items():
        assert torch.equal(value, best['state_dict'][key])
    # the results are those of the last epoch
    assert results.epoch == 3 == json.loads((root / 'log/metrics.json').read_text())['epoch']
    assert results.validation_identities == {'mAP': 0.6} and results.chosen_on is None
    out = capsys.readouterr().out
    assert out.count('(best mAP so far on the held-out identities)') == 2
    assert 'was chosen' not in out and 'test images' not in out
    capsys.readouterr()
    tested = train(root, N, 2, 'test.evaluate', True, 'model.resume', path_of(root, 'best'))
    assert (tested.epoch, tested.chosen_on) == (2, HELD_OUT)
    assert tested.validation_identities is None and 'Note: this' not in capsys.readouterr().out
    assert load_model(path_of(root, 'best')).chosen_on == HELD_OUT
    assert 'Note' not in capsys.readouterr().out


def test_best_on_the_test_images(root, hand_made, capsys):
    train(root, *EACH_EPOCH)
    out = capsys.readouterr().out
    best = load(root, 'best')
    assert (best['epoch'], best['chosen_on'], best['best_mAP']) == (1, TEST, 0.9)
    assert out.count('(best mAP so far on the test images)') == 1
    assert f'Note: model.pth.tar-best was chosen on the test images, {NOTE}' in out


def test_one_tested_epoch_is_no_choice(root, capsys):
    train(root)
    assert 'was chosen' not in capsys.readouterr().out


@pytest.mark.parametrize('pairs', [[], SOFTMAX], ids=['ours', 'torchreid'])
def test_note_wherever_the_checkpoint_is_used(root, capsys, pairs):
    train(root, *pairs, 'train.max_epoch', 1)
    capsys.readouterr()
    content = 'log/metrics-test.json'
    for key in ('model.load_weights', 'model.resume'):
        for name, chosen in (('best', TEST), ('last', None)):
            results = train(root, *pairs, 'test.evaluate', True, key, path_of(root, name))
            assert results.chosen_on == chosen == Results.read(root / content).chosen_on
            assert json.loads((root / content).read_text()).get('chosen_on') == chosen
            assert capsys.readouterr().out.count(CHOSEN) == (chosen == TEST)
    for name, chosen in (('best', TEST), ('last', None)):
        assert load_model(path_of(root, name)).chosen_on == chosen
        assert capsys.readouterr().out == (f'{CHOSEN}\n' if chosen else '')


def test_a_training_that_starts_from_it(root, capsys):
    train(root, 'train.max_epoch', 1)
    best = path_of(root, 'best').rename(root / 'start')
    capsys.readouterr()
    results = train(root, 'train.max_epoch', 1, 'model.load_weights', best)
    assert capsys.readouterr().out.count(CHOSEN) == 1 and results.chosen_on is None


def test_a_file_that_does_not_say(root, capsys):
    train(root, 'train.max_epoch', 1)
    old = rewrite(path_of(root, 'best'), root / 'model.pth.tar-best', chosen_on=None)
    other = rewrite(path_of(root, 'best'), root / 'model.pth.tar-1', chosen_on=None)
    capsys.readouterr()
    for path, chosen in ((old, UNKNOWN), (other, None)):
        results = train(root, 'test.evaluate', True, 'model.load_weights', path)
        assert results.chosen_on == chosen
        assert (MAYBE in capsys.readouterr().out) == (chosen == UNKNOWN)
    assert load_model(old).chosen_on == UNKNOWN
    assert capsys.readouterr().out.startswith(MAYBE)


def test_what_a_file_says():
    assert chosen_on({'chosen_on': None}, 'model.pth.tar-best') is None
    assert chosen_on({'chosen_on': HELD_OUT}, 'x') == HELD_OUT
    assert chosen_on({}, 'best/model.pth.tar-62') is None
    assert chosen_on({}, 'model-best.pth.tar') == UNKNOWN  # torchreid's name
    assert [choice_note(chosen) for chosen in (None, HELD_OUT)] == ['', '']
    assert choice_note(TEST) == CHOSEN and choice_note(UNKNOWN).startswith(MAYBE)


def test_weights_that_are_trained_further_are_not_chosen(root):
    train(root, *EACH_EPOCH)
    best = rewrite(path_of(root, '2'), root / 'chosen', chosen_on=TEST)
    results = train(root, *EACH_EPOCH, 'model.resume', best)
    assert results.chosen_on is None and load(root, 'last')['chosen_on'] is None
    # without a further epoch they are
    results = train(root, 'train.max_epoch', 2, 'model.resume', best)
    assert results.chosen_on == TEST == load(root, 'last')['chosen_on']


@pytest.mark.parametrize('pairs', [[], SOFTMAX, ['midattr.cache', 'ram']])
def test_a_resumed_training_holds_out_the_same(root, pairs):
    pairs = [*pairs, *EACH_EPOCH, N, 3]
    results = train(root, *pairs)
    expected = {name: load(root, name) for name in ('2', '3', 'last', 'best')}
    first = path_of(root, '1').rename(root / 'first')
    for name, checkpoint in expected.items():
        if checkpoint['epoch'] > 1:
            path_of(root, name).unlink()
    assert train(root, *pairs, 'model.resume', first) == results
    for name, checkpoint in expected.items():
        assert_same(load(root, name), checkpoint)


def test_others_are_refused(root):
    train(root, 'train.max_epoch', 1, N, 2)
    last = ['model.resume', path_of(root, 'last')]
    for number in (0, 3):
        with pytest.raises(InputError, match=f'{N} 2, which cannot become {number}'):
            train(root, *last, N, number)
    plain = rewrite(path_of(root, 'last'), root / 'plain', settings=None)
    with pytest.raises(InputError, match=f'other numbers of their identities; .*{N} and'):
        train(root, N, 2, 'train.seed', 2, 'model.resume', plain)
    with pytest.raises(InputError, match='another architecture'):  # of six identities
        train(root, 'model.resume', plain)


def test_other_targets_do_not_change_what_held_out_identities_say(root):
    train(root, 'train.max_epoch', 1, N, 2)
    high = rewrite(path_of(root, 'last'), root / 'high', best_mAP=2.0)  # which none can reach
    for pairs, kept in (
        (['data.targets', "['market1501']"], True),
        (['test.dist_metric', 'cosine'], False),
    ):
        train(root, N, 2, 'model.resume', high, *pairs)
        assert (load(root, 'last')['best_mAP'] == 2.0) == kept


@pytest.mark.parametrize(
    'options', [{}, {'dist_metric': 'cosine'}, {'normalize_feature': True}], ids=str
)
def test_scores_are_those_of_a_test_on_them(root, options):
    """Against a ranking of the descriptors, extracted one image at a time."""
    engine = build(root)
    sampling = {'train_sampler': 'RandomSampler', 'num_instances': 4}
    sampling |= {'num_cams': 1, 'num_datasets': 1}
    engine.held_out_loaders = hold_out_identities(engine.datamanager, 4, 1, sampling)
    original = engine.extract_features  # descriptors of various lengths
    engine.extract_features = lambda images: original(images) * _length(images)
    engine.test(**options)
    measured = engine.results.validation_identities
    engine.model.eval()
    splits = []
    for loader in engine.held_out_loaders.values():
        rows = [loader.dataset[i] for i in range(len(loader.dataset))]
        with torch.no_grad():
            images = [row['img'][None] for row in rows]
            features = torch.cat([engine.model(x) * _length(x) for x in images]).double()
        if options:
            features = torch.nn.functional.normalize(features)
        splits.append((features, *([row[key] for row in rows] for key in ('pid', 'camid'))))
    (query, query_pids, query_camids), (gallery, pids, camids) = splits
    distances = torch.cdist(query, gallery).square()
    precisions, firsts = [], []
    for row, pid, camid in zip(distances, query_pids, query_camids, strict=True):
        order = [i for i in row.argsort().tolist() if not (pids[i] == pid and camids[i] == camid)]
        hits = [place for place, i in enumerate(order, 1) if pids[i] == pid]
        precisions.append(sum(k / place for k, place in enumerate(hits, 1)) / len(hits))
        firsts.append(hits[0] == 1)
    assert measured['mAP'] == pytest.approx(sum(precisions) / len(precisions), abs=1e-6)
    assert measured['rank-1'] == pytest.approx(sum(firsts) / len(firsts), abs=1e-6)
    assert [measured[key] for key in ('identities', 'queries', 'gallery')] == [4, 8, 8]
    assert engine.results.attributes['market1501_attr']  # of the target, as without them


def _length(images):
    """A factor (B, 1) from 1 to 3 by image."""
    return 1 + images.mean((1, 2, 3)).abs()[:, None] * 50 % 2
