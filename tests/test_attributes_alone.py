"""A table without identities, from the command line to a model that knows attributes alone."""

import csv
import json

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers.fake_market import write_market_tree
from helpers.fake_table import ATTRIBUTES, table_rows, write_table
from helpers.tiny_run import arguments
from midattr_plugin import load_model
from midattr_plugin.engine.checkpoint_file import read_checkpoint
from midattr_plugin.predict.cli import main as predict
from midattr_plugin.train import main


def rows_without_people(**splits):
    """Return the rows without pid and camid, with other splits: name -> name."""
    return [
        {name: splits.get(value, value) for name, value in row.items() if name[-2:] != 'id'}
        for row in table_rows()
    ]


@pytest.fixture
def own(tmp_path):
    """Return a function for the arguments of a training on the table, and further pairs."""
    write_table(tmp_path, rows_without_people())

    def build(*pairs, sources=('csv',), targets=('csv',)):
        table = tmp_path / 'people.csv'
        words = ['model.name', 'midattr_tiny', 'midattr.csv.file', table, *pairs]
        return [*arguments(tmp_path, *words), '-s', *sources, '-t', *targets]

    return build


def last(folder):
    return folder / 'log/model/model.pth.tar-last'


def metrics_of(folder, name='metrics.json'):
    return json.loads((folder / 'log' / name).read_text())


def test_train_test_resume_load_predict(own, tmp_path, capsys):
    assert main(own('train.max_epoch', 1)) == 0
    printed = capsys.readouterr().out
    assert 'has no column pid, so that only attributes are learned' in printed
    assert 'nobody is searched for in csv' in printed and 'Rank-1' not in printed
    metrics = metrics_of(tmp_path)
    assert metrics['reid'] == {} and metrics['knows_identities'] is False
    assert set(metrics['attributes']['csv']) == {*ATTRIBUTES, 'average'}

    model = load_model(last(tmp_path))
    assert (model.num_classes, model.feature_dim, model.branches) == (0, 0, ())
    assert not any('classifier' in name for name in model.state_dict())

    assert main(own('model.load_weights', last(tmp_path), 'test.evaluate', True)) == 0
    tested = metrics_of(tmp_path, 'metrics-test.json')
    assert tested['attributes'] == metrics['attributes'] and tested['reid'] == {}
    assert main(own('model.resume', last(tmp_path))) == 0
    assert metrics_of(tmp_path)['epoch'] == 2

    out = tmp_path / 'answers'
    words = [tmp_path / 'crops', '--weights', last(tmp_path), '--out', out, '--cpu']
    assert predict(list(map(str, words))) == 0
    assert 'never taught to tell people apart' in capsys.readouterr().out
    with open(out / 'attributes.csv', newline='') as file:
        assert len(list(csv.DictReader(file))) == len(table_rows())
    assert not (out / 'descriptors.npy').exists()
    words += ['--query', tmp_path / 'crops']
    assert predict(list(map(str, words))) == 1
    assert 'nobody can be searched for with these weights' in capsys.readouterr().err
    assert 'never taught to tell people apart' in (out / 'report.html').read_text()


def test_all_test_images_are_scored(own, tmp_path):
    """Queries, galleries and tests are the same where nobody is searched for."""
    assert main(own('train.max_epoch', 1)) == 0
    first = metrics_of(tmp_path)
    counts = first['confusion']['csv']['hat']['counts']
    assert sum(map(sum, counts)) == sum(row['split'] != 'train' for row in table_rows())
    write_table(tmp_path, rows_without_people(query='test', gallery='Test'))
    assert main(own('model.load_weights', last(tmp_path), 'test.evaluate', True)) == 0
    assert metrics_of(tmp_path, 'metrics-test.json')['confusion'] == first['confusion']


def test_the_best_epoch_has_the_highest_balanced_accuracy(own, tmp_path, capsys):
    assert main(own('train.max_epoch', 3, 'test.eval_freq', 1)) == 0
    folder = tmp_path / 'log'
    events = EventAccumulator(str(folder)).Reload()
    assert not [tag for tag in events.Tags()['scalars'] if 'rank' in tag or 'mAP' in tag]
    curve = [event.value for event in events.Scalars('Test/csv/balanced_accuracy')]
    best = read_checkpoint(folder / 'model/model.pth.tar-best')
    assert best['epoch'] == 1 + curve.index(max(curve)) and best['chosen_on'] == 'test'
    assert best['best_balanced_accuracy'] == pytest.approx(max(curve))
    assert 'best_mAP' not in best and 'rank1' not in best and 'mAP' not in best
    assert 'best balanced accuracy so far on the test images' in capsys.readouterr().out


def test_validation_images_choose_the_best_epoch(own, tmp_path, capsys):
    rows = rows_without_people()
    for row in rows[::5][:4]:
        row['split'] = 'val'
    write_table(tmp_path, rows)
    assert main(own('train.max_epoch', 2, 'test.eval_freq', 1)) == 0
    metrics = metrics_of(tmp_path)
    assert metrics['validation']['images'] == 4
    best = read_checkpoint(tmp_path / 'log/model/model.pth.tar-best')
    assert best['chosen_on'] == 'validation images'
    assert best['training_images']['number'] == 16
    assert 'was chosen on the test images' not in capsys.readouterr().out
    assert main(own('midattr.validation_images', 2)) == 1
    assert 'has 4 images of the split val' in capsys.readouterr().err


def test_a_split_of_images_where_there_is_none(own, tmp_path):
    rows = [{k: v for k, v in row.items() if k != 'split'} for row in rows_without_people()]
    write_table(tmp_path, rows)
    assert main(own('train.max_epoch', 1, 'midattr.csv.attributes', '[helmet]')) == 0
    assert sum(map(sum, metrics_of(tmp_path)['confusion']['csv']['helmet']['counts'])) == 14


@pytest.mark.parametrize('layer', ['res4f', 'pool5', 'mixture'])
def test_attributes_of_deeper_layers(own, tmp_path, layer):
    assert main(own('train.max_epoch', 1, 'midattr.attribute_layer', layer)) == 0
    assert load_model(last(tmp_path)).schema.names == tuple(ATTRIBUTES)


IDENTITIES = ['sampler.train_sampler', 'RandomIdentitySampler', 'sampler.num_instances', 2]


@pytest.mark.parametrize(
    ('pairs', 'words'),
    [
        (
            ['loss.name', 'triplet', *IDENTITIES],
            'loss.name triplet with model.name midattr_tiny',
        ),
        (['loss.name', 'softmax', 'model.name', 'resnet18'], 'loss.name softmax with'),
        (
            ['midattr.triplet_weight', 1, *IDENTITIES],
            'midattr.triplet_weight is 1',
        ),
        (IDENTITIES, 'set it to RandomSampler'),
        (['midattr.validation_identities', 1], 'midattr.validation_identities is 1'),
        (['test.rerank', True], 'test.rerank is True'),
        (['midattr.query_expansion', 5], 'midattr.query_expansion is 5'),
        (['midattr.loss_reading', 'literal', 'midattr.attribute_weight', 0], 'set it above 0'),
    ],
)
def test_contradicting_keys(own, tmp_path, capsys, pairs, words):
    assert main(own(*pairs)) == 1
    error = capsys.readouterr().err
    assert words in error and error.count('\n') == 1
    assert not (tmp_path / 'log/model').exists()


def test_other_sources_are_refused(own, tmp_path, capsys):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    for sources in (('csv', 'market1501_attr'), ('market1501_attr', 'csv')):
        assert main(own(sources=sources)) == 1
        assert 'cannot be told from those of market1501_attr' in capsys.readouterr().err


def test_targets_with_people(own, tmp_path, capsys):
    """Their attributes are scored, but nobody is searched for with what was never learned."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    assert main(own('train.max_epoch', 1, targets=('market1501_attr',))) == 0
    metrics = metrics_of(tmp_path)
    assert metrics['reid'] == {} and set(metrics['attributes']['market1501_attr']) == {
        'hat',
        'average',
    }
    assert main(own(targets=('market1501',))) == 1
    assert 'nothing to score' in capsys.readouterr().err


def test_a_model_with_identities_on_a_table_without(own, tmp_path, capsys):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    both = ('csv', 'market1501_attr')
    words = ['train.max_epoch', 1, 'model.name', 'midattr_tiny_market']
    assert main(own(*words, sources=('market1501_attr',), targets=both)) == 0
    metrics = metrics_of(tmp_path)
    assert set(metrics['reid']) == {'market1501_attr'} and 'knows_identities' not in metrics
    assert set(metrics['attributes']) == {'csv', 'market1501_attr'}
    assert read_checkpoint(last(tmp_path))['best_mAP'] > 0
    words = ['train.max_epoch', 1, 'model.name', 'midattr_tiny']
    assert main(own(*words, sources=('market1501',))) == 1
    assert 'no attributes, so that there is nothing to test' in capsys.readouterr().err


def test_no_labels_in_the_test(own, tmp_path, capsys):
    rows = rows_without_people()
    for row in rows:
        if row['split'] != 'train':
            row.update(dict.fromkeys(ATTRIBUTES, ''))
    write_table(tmp_path, rows)
    assert main(own()) == 1
    assert 'neither identities nor labels' in capsys.readouterr().err


@pytest.mark.parametrize('layer', ['res3d', 'mixture'])
def test_maps_but_no_ranked_lists(own, tmp_path, capsys, layer):
    assert main(own('train.max_epoch', 1, 'midattr.attribute_layer', layer)) == 0
    words = [tmp_path / 'crops', '--weights', last(tmp_path), '--out', tmp_path / 'out', '--cpu']
    words = list(map(str, words))
    assert predict([*words, '--query', str(tmp_path / 'crops/ann 0.png')]) == 1
    assert 'nobody can be searched for with these weights' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
    assert predict([*words, '--maps', '2']) == 0
    assert len(list((tmp_path / 'out/maps').iterdir())) == 2
