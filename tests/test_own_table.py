"""Own images by a table, from the command line to a trained model, without a line of Python."""

import json

import pytest

from helpers.fake_market import write_market_tree
from helpers.fake_table import ATTRIBUTES, table_rows, write_table
from helpers.tiny_run import arguments
from midattr_plugin import load_model
from midattr_plugin.train import main

IDENTITY = ('path', 'pid', 'camid', 'split')


@pytest.fixture
def own(tmp_path):
    """Return the arguments of a training on a table, and further pairs."""
    table = write_table(tmp_path)

    def build(*pairs, sources=('csv',), targets=('csv',)):
        words = ['model.name', 'midattr_tiny', 'midattr.csv.file', table, *pairs]
        return [*arguments(tmp_path, *words), '-s', *sources, '-t', *targets]

    return build


def test_train_test_resume_load(own, tmp_path):
    assert main(own('train.max_epoch', 1)) == 0
    metrics = json.loads((tmp_path / 'log/metrics.json').read_text())
    assert set(metrics['attributes']['csv']) == {*ATTRIBUTES, 'average'}
    assert metrics['reid']['csv']['fused']['mAP'] > 0
    last = tmp_path / 'log/model/model.pth.tar-last'
    model = load_model(last)
    assert {item.name: item.classes for item in model.schema} == ATTRIBUTES
    assert main(own('model.load_weights', last, 'test.evaluate', True)) == 0
    tested = json.loads((tmp_path / 'log/metrics-test.json').read_text())
    assert tested['attributes'] == metrics['attributes'] and tested['reid'] == metrics['reid']
    assert main(own('model.resume', last)) == 0
    assert json.loads((tmp_path / 'log/metrics.json').read_text())['epoch'] == 2


def test_a_table_with_other_classes_is_not_resumed(own, tmp_path, capsys):
    assert main(own('train.max_epoch', 1)) == 0
    last = tmp_path / 'log/model/model.pth.tar-last'
    rows = table_rows()
    for row in rows:
        row['vest'] = row['vest'].replace('white', 'green')
    write_table(tmp_path, rows)
    for pairs in (('model.resume', last), ('model.load_weights', last, 'test.evaluate', True)):
        assert main(own(*pairs)) == 1
        assert 'vest' in capsys.readouterr().err


def test_a_table_without_attributes(own, tmp_path):
    """Identities alone are learned."""
    write_table(tmp_path, [{name: row[name] for name in IDENTITY} for row in table_rows()])
    assert main(own('train.max_epoch', 1)) == 0
    metrics = json.loads((tmp_path / 'log/metrics.json').read_text())
    assert metrics['reid']['csv']['fused']['mAP'] > 0 and not metrics['attributes']
    assert load_model(tmp_path / 'log/model/model.pth.tar-last').schema is None


def test_beside_another_dataset(own, tmp_path):
    """Its attributes are learned, too; those of the same name are one."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    both = ('csv', 'market1501_attr')
    assert main(own('train.max_epoch', 1, sources=both, targets=both)) == 0
    model = load_model(tmp_path / 'log/model/model.pth.tar-last')
    assert {*ATTRIBUTES, 'gender', 'upper_color'} < set(model.schema.names)
    attributes = json.loads((tmp_path / 'log/metrics.json').read_text())['attributes']
    assert 'helmet' in attributes['csv'] and 'helmet' not in attributes['market1501_attr']
    assert 'hat' in attributes['csv'] and 'hat' in attributes['market1501_attr']


def test_a_model_of_another_dataset_takes_what_it_knows(own, tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    words = own('train.max_epoch', 1, 'model.name', 'midattr_tiny_market')
    assert main(words) == 0
    attributes = json.loads((tmp_path / 'log/metrics.json').read_text())['attributes']
    assert set(attributes['csv']) == {'hat', 'average'}
