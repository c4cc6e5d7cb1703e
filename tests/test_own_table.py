"""Own images by a table, from the command line to a trained model, without a line of Python."""

import csv
import json

import pytest

from helpers.fake_market import write_market_tree
from helpers.fake_table import ATTRIBUTES, table_rows, write_table
from helpers.tiny_run import arguments
from midattr_plugin import load_model
from midattr_plugin.build import build_datamanager
from midattr_plugin.config import parse_config
from midattr_plugin.datasets import MARKET1501, Market1501Attr
from midattr_plugin.predict.cli import main as predict
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


def test_names_of_people_are_kept(own, tmp_path):
    """Numbers in the results have a name beside them."""
    assert main(own('train.max_epoch', 1)) == 0
    with open(tmp_path / 'log/names.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    names = {(row['what'], row['number']): row['name'] for row in rows}
    with open(tmp_path / 'log/query_scores.csv', newline='') as file:
        queries = list(csv.DictReader(file))
    assert queries and all(
        query['query'] == f'{names["pid", query["pid"]]} 0.png' for query in queries
    )
    assert {names['camid', query['camid']] for query in queries} == {'door 9'}


def test_all_people_of_a_test_count(own, tmp_path):
    """None has the number 0, which is that of a distractor."""
    assert main(own('train.max_epoch', 1)) == 0
    scores = json.loads((tmp_path / 'log/metrics.json').read_text())['attributes']['csv']
    for name in ATTRIBUTES:  # of which no label is unknown
        assert scores[name]['protocol_accuracy'] == scores[name]['accuracy']


def colored(order):
    """Return rows whose people have the colors in this order, one that Market lacks among them."""
    return [
        {'upper_color': order[number // 4 % len(order)]} | row
        for number, row in enumerate(table_rows())
    ]


def test_classes_of_both_sources_are_joined_by_name(own, tmp_path):
    """A color that Market lacks is one more class; an order of one's own moves no label."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    rows = colored(['white', 'mint', 'black', 'red'])
    write_table(tmp_path, rows)
    (tmp_path / 'schema.yaml').write_text('upper_color: {classes: [red, mint, white, black]}\n')
    for sources in (('csv', 'market1501_attr'), ('market1501_attr', 'csv')):
        words = own('midattr.csv.schema', tmp_path / 'schema.yaml', sources=sources)
        dataset = build_datamanager(parse_config(words)).train_loader.dataset
        colors = dataset.schema['upper_color'].classes
        assert set(colors) == {*MARKET1501['upper_color'].classes, 'mint'}
        column = dataset.schema.names.index('upper_color')
        market = Market1501Attr(root=str(tmp_path), verbose=False)
        given = {str(tmp_path / row['path']): row['upper_color'] for row in rows}
        for path, *_ in market.train:
            label = market.labels(path)[market.schema.names.index('upper_color')].item()
            given[path] = market.schema['upper_color'].classes[label] if label >= 0 else None
        assert len(dataset.train) == 36
        for path, *_ in dataset.train:
            label = dataset.labels(path)[column].item()
            assert (colors[label] if label >= 0 else None) == given[path]


def test_classes_that_differ_in_their_case(own, tmp_path, capsys):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    write_table(tmp_path, colored(['White', 'black']))
    assert main(own(sources=('csv', 'market1501_attr'))) == 1
    assert 'a class of upper_color is "White" in people, but "white"' in capsys.readouterr().err
    words = own('model.name', 'midattr_tiny_market', sources=('market1501_attr',))
    assert main(words) == 1
    assert 'data.targets: a class of upper_color is "white"' in capsys.readouterr().err


def test_classes_that_a_model_of_another_dataset_lacks(own, tmp_path):
    """Labels of its other classes are scored; those of a color that it lacks are unknown to it."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    write_table(tmp_path, colored(['mint', 'black']))
    words = own('train.max_epoch', 1, 'model.name', 'midattr_tiny_market', targets=('csv',))
    assert main([*words, '-s', 'market1501_attr']) == 0
    counts = json.loads((tmp_path / 'log/metrics.json').read_text())['confusion']['csv']
    black = counts['upper_color']['classes'].index('black')
    rows = [row for row in colored(['mint', 'black']) if row['split'] == 'gallery']
    by_class = [sum(row) for row in counts['upper_color']['counts']]
    assert sum(by_class) == by_class[black]
    assert by_class[black] == sum(row['upper_color'] == 'black' for row in rows) > 0


def test_alone_as_a_target_of_weights_trained_elsewhere(own, tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    market = own('train.max_epoch', 1, 'model.name', 'midattr_tiny_market', targets=('csv',))
    assert main([*market, '-s', 'market1501_attr']) == 0
    trained = json.loads((tmp_path / 'log/metrics.json').read_text())
    last = tmp_path / 'log/model/model.pth.tar-last'
    words = ['model.load_weights', last, 'test.evaluate', True]
    words = own(*words, 'model.name', 'midattr_tiny_market', targets=('csv',))
    assert main([*words, '-s', 'market1501_attr']) == 0
    tested = json.loads((tmp_path / 'log/metrics-test.json').read_text())
    assert tested['reid'] == trained['reid'] and set(tested['reid']) == {'csv'}


def test_behind_a_source_without_attributes(own, tmp_path, capsys):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    assert main(own(sources=('market1501', 'csv'))) == 1
    assert 'those of csv would be lost behind it; name csv first' in capsys.readouterr().err
    assert main(own('train.max_epoch', 1, sources=('csv', 'market1501'))) == 0


def test_identities_alone(own, tmp_path):
    """A table without attributes trains a model of identities."""
    rows = [{name: row[name] for name in ('path', 'pid', 'split')} for row in table_rows()]
    write_table(tmp_path, rows)
    assert main(own('train.max_epoch', 1)) == 0
    metrics = json.loads((tmp_path / 'log/metrics.json').read_text())
    assert metrics['attributes'] == {} and metrics['reid']['csv']['fused']['mAP'] > 0
    assert load_model(tmp_path / 'log/model/model.pth.tar-last').num_classes == 5


def test_nothing_to_learn(own, tmp_path, capsys):
    write_table(tmp_path, [{'path': row['path'], 'split': row['split']} for row in table_rows()])
    assert main(own()) == 1
    assert 'neither identities nor attributes to learn' in capsys.readouterr().err


def test_unusual_names(own, tmp_path):
    """Names are the user's own: of attributes, classes, people and cameras."""
    others = {'helmet': 'Skirt&Dress/α β', 'task': '帽子'}
    values = {'carry': '=SUM(A1)', 'drive': 'a;b, "c"', 'lift': '-1.5'}
    rows = [
        {others.get(name, name): values.get(value, value) for name, value in row.items()}
        | {'pid': f'{row["pid"]} ü/..', 'camid': f'{row["camid"]}, left'}
        for row in table_rows()
    ]
    write_table(tmp_path, rows)
    assert main(own('train.max_epoch', 1)) == 0
    last = tmp_path / 'log/model/model.pth.tar-last'
    schema = load_model(last).schema
    assert set(schema['帽子'].classes) == set(values.values())
    out = tmp_path / 'answers'
    words = [tmp_path / 'crops/ann 0.png', '--weights', last, '--out', out, '--cpu']
    assert predict(list(map(str, words))) == 0
    with open(out / 'attributes.csv', newline='', encoding='utf-8') as file:
        [answer] = csv.DictReader(file)
    assert answer['帽子'] in values.values() and answer['Skirt&Dress/α β'] in ('no', 'yes')


def test_queries_without_a_match(own, tmp_path, capsys):
    """A person is searched for in images of other cameras."""
    rows = table_rows()
    for row in rows:
        if row['pid'] == 'fay':
            row['camid'] = 'door 9'
    write_table(tmp_path, rows)
    assert main(own('train.max_epoch', 1)) == 0
    note = 'Note: 1 of 2 queries of csv have no match from another camera in the gallery'
    assert note in capsys.readouterr().out
    write_table(tmp_path, [row | {'camid': 'door'} for row in rows])
    assert main(own()) == 1
    assert 'no query of csv has a match from another camera' in capsys.readouterr().err
