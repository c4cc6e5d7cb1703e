"""The line of a training, and the table of its attributes."""

import re

import pytest

from midattr_plugin.datasets import MARKET1501
from midattr_plugin.engine.training_line import WIDTH, TrainingLine

NAMES = MARKET1501.names


def summary(loss, accuracy=50.0):
    terms = {'loss': loss, 'loss_global': 2 * loss, 'loss_local': 3 * loss}
    terms |= {f'loss_{name}': loss + i for i, name in enumerate(NAMES)}
    return terms | {f'acc_{name}': accuracy for name in ('global', *NAMES)}


def test_means_of_the_epoch():
    line = TrainingLine(2, 5, 40, NAMES)
    line.update(summary(1.0, 40.0))
    line.update({})  # a step that was not read
    line.update(summary(2.0, 60.0))
    text = line.text(3, 0.0003)
    attributes = 1.5 + sum(range(12)) / 12
    assert re.fullmatch(
        r'epoch: \[2/5\]\[3/40\]  time \S+  eta \d+:\d\d:\d\d  loss 1\.5  global 3  '
        rf'local 4\.5  attributes {attributes:.4g}  acc 50\.0%  lr 0\.0003',
        text,
    )


def test_the_longest_line_is_short_enough():
    line = TrainingLine(1000, 1000, 100000, NAMES)
    terms = summary(1234.5678, 100.0) | {'loss_global': 0.12345, 'loss_local': 98765.4}
    line.update(terms | {'loss_triplet_global': 0.012345, 'loss_triplet_local': 12.3456})
    line._began -= 99 * 40000
    text = line.text(40000, 0.000123456)
    assert len(text) <= WIDTH == 160
    assert 'eta 1650:00:' in text and 'triplet 0.01235/12.35' in text


def test_time_left(monkeypatch):
    """2 s a batch; 3 + 2 * 5 batches are left."""
    line = TrainingLine(2, 4, 5, ())
    line.update({'loss': 1.0})
    line._began -= 4
    assert 'eta 0:00:26' in line.text(2, 0.1)


def test_a_model_without_attributes():
    line = TrainingLine(1, 1, 1, ())
    line.update({'loss': 1.0, 'loss_global': 2.0, 'acc_global': 3.0})
    names = [part.split()[0] for part in line.text(1, 0.1).split('  ')]
    assert names == ['epoch:', 'time', 'eta', 'loss', 'global', 'lr']
    assert line.table() == ''


def test_labels_may_be_unknown():
    """The accuracy of an attribute of which no label was known is not measured."""
    line = TrainingLine(1, 1, 1, ('hat', 'bag'))
    line.update({'loss': 1.0, 'loss_hat': 0.0, 'loss_bag': 2.0, 'acc_bag': 75.0})
    assert '  attributes 1  acc 75.0%  ' in line.text(1, 0.1)
    rows = [row.split() for row in line.table().splitlines()]
    assert rows == [['loss', 'accuracy'], ['hat', '0.0000', '-'], ['bag', '2.0000', '75.0%']]


@pytest.mark.parametrize('print_freq, lines', [(1, 2), (2, 1), (50, 1)])
def test_at_least_one_line_in_an_epoch(tmp_path, capsys, print_freq, lines):
    from helpers.fake_market import write_market_tree
    from helpers.tiny_engine import build

    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3))  # 16 images, 8 a batch
    engine = build(tmp_path)
    capsys.readouterr()
    engine.run(save_dir=str(tmp_path / 'log'), max_epoch=1, print_freq=print_freq)
    out = capsys.readouterr().out
    assert sum(line.startswith('epoch: ') for line in out.splitlines()) == lines
    assert out.count('** Attributes (training images, epoch 1) **') == 1
    assert 'loss_gender' not in out
