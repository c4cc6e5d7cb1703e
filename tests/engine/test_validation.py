"""Scores on held-out images, against plain loops, and in the results of a run."""

import json
import math

import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin import build
from midattr_plugin.config import load_config
from midattr_plugin.engine.validation import measure_validation
from midattr_plugin.train import main


def random_batch(count, branches=('global', 'local')):
    logits = {branch: torch.randn(count, 3) for branch in branches}
    attributes = {
        'hat': torch.randn(count, 2),
        'age': torch.randn(count, 4),
        'bag': torch.randn(count, 2),
    }
    labels = torch.stack(
        [torch.randint(-1, 2, (count,)), torch.randint(-1, 4, (count,)), torch.full((count,), -1)],
        1,
    )
    return logits, attributes, torch.randint(0, 3, (count,)), labels


def test_scores_equal_plain_loops():
    batches = [random_batch(5), random_batch(4)]
    scores = measure_validation(batches, lambda batch: batch)
    right = dict.fromkeys(('global', 'local', 'fused', 'hat', 'age'), 0)
    by_class = {}  # (attribute, class) -> whether its images were recognized
    losses, num_known = {'global': 0.0, 'local': 0.0}, {'hat': 0, 'age': 0}
    for logits, attributes, pids, labels in batches:
        for i, pid in enumerate(pids.tolist()):
            products = [1.0] * 3
            for branch, rows in logits.items():
                odds = [math.exp(value) for value in rows[i].tolist()]
                shares = [value / sum(odds) for value in odds]
                products = [a * b for a, b in zip(products, shares, strict=True)]
                right[branch] += shares.index(max(shares)) == pid
                losses[branch] -= math.log(shares[pid])
            right['fused'] += products.index(max(products)) == pid
            for column, name in enumerate(num_known):
                label = labels[i, column].item()
                if label >= 0:
                    values = attributes[name][i].tolist()
                    num_known[name] += 1
                    answer = values.index(max(values)) == label
                    right[name] += answer
                    by_class.setdefault((name, label), []).append(answer)
    expected = {
        'images': 9,
        **{f'acc_{name}': right[name] / 9 for name in ('global', 'local', 'fused')},
        **{f'loss_{branch}': value / 9 for branch, value in losses.items()},
        **{f'acc_{name}': right[name] / num_known[name] for name in num_known},
    }
    expected['acc_attributes'] = (expected['acc_hat'] + expected['acc_age']) / 2
    recalls = {'hat': [], 'age': []}
    for (name, _), answers in by_class.items():
        recalls[name].append(sum(answers) / len(answers))
    expected['balanced_accuracy'] = sum(sum(r) / len(r) for r in recalls.values()) / 2
    assert scores == pytest.approx(expected)  # no label of the bag is known


def test_one_branch_without_attributes():
    logits, _, pids, _ = random_batch(5, ('local',))
    scores = measure_validation([(logits, {}, pids, None)], lambda batch: batch)
    assert list(scores) == ['images', 'acc_local', 'loss_local']


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    path = tmp_path_factory.mktemp('validation')
    write_market_tree(path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return path


@pytest.fixture(scope='module')
def run_folder(root):
    """Trains for an epoch without or with BNNeck, once each; returns the folder of the run."""
    folders = {}

    def train(bnneck):
        if bnneck not in folders:
            folder = root / f'bnneck-{bnneck}'
            pairs = ['midattr.validation_images', 6, 'train.max_epoch', 1]
            pairs += ['midattr.bnneck', bnneck, 'data.save_dir', folder]
            assert main(arguments(root, *pairs)) == 0
            folders[bnneck] = folder
        return folders[bnneck]

    return train


def test_results_of_a_run(run_folder):
    folder = run_folder(False)
    scores = json.loads((folder / 'metrics.json').read_text())['validation']
    assert scores['images'] == 6
    assert {
        'acc_global',
        'acc_local',
        'acc_fused',
        'loss_global',
        'loss_local',
        'acc_attributes',
        'acc_hat',
    } <= set(scores)
    assert all(0 <= value <= 1 for name, value in scores.items() if name.startswith('acc'))
    [log] = folder.glob('train.log*')
    assert 'Held-out training images: 6, acc_global' in log.read_text()


def test_the_frequency_of_validation_does_not_change_training(root):
    weights = []
    for name, frequency in (('often', 1), ('once', -1)):
        assert (
            main(
                arguments(
                    root,
                    'midattr.validation_images',
                    6,
                    'train.max_epoch',
                    2,
                    'test.eval_freq',
                    frequency,
                    'data.save_dir',
                    root / name,
                )
            )
            == 0
        )
        path = root / name / 'model/model.pth.tar-last'
        weights.append(torch.load(path, weights_only=True)['state_dict'])
    often, once = weights
    assert all(torch.equal(often[key], once[key]) for key in often)


@pytest.mark.parametrize('bnneck', [False, True])
def test_scores_are_those_of_the_trained_model(run_folder, bnneck):
    """Image by image, with the layers called by hand."""
    folder = run_folder(bnneck)
    scores = json.loads((folder / 'metrics.json').read_text())['validation']
    cfg = load_config(folder / 'config.yaml')
    manager = build.build_datamanager(cfg)
    model = build.build_model(cfg, manager.num_train_pids).eval()
    path = folder / 'model/model.pth.tar-last'
    model.load_state_dict(torch.load(path, weights_only=True)['state_dict'])
    layers = {'global': ('bnneck', 'classifier'), 'local': ('bnneck_part', 'classifier_part')}
    right, loss = dict.fromkeys(layers, 0), dict.fromkeys(layers, 0.0)
    with torch.no_grad():
        for item in manager.validation_loader.dataset:
            features = model(item['img'][None], return_dict=True)['features']
            for branch, (neck, classifier) in layers.items():
                x = getattr(model, neck)(features[branch]) if bnneck else features[branch]
                shares = getattr(model, classifier)(x)[0].double().softmax(0)
                right[branch] += int(shares.argmax()) == item['pid']
                loss[branch] -= math.log(shares[item['pid']])
    for branch in layers:
        assert scores[f'acc_{branch}'] == right[branch] / 6
        assert scores[f'loss_{branch}'] == pytest.approx(loss[branch] / 6, rel=1e-4)
