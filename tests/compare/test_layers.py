"""Rows that make a series of the layer ablation."""

import pytest

from helpers.fake_runs import TARGET, finish, made_up_results, write_runs
from helpers.paths import CONFIGS
from midattr_plugin.compare.layers import layer_order, layer_series
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.suite import load_suite
from midattr_plugin.compare.summary import summarize
from midattr_plugin.models.attribute_heads import layer_choices
from midattr_plugin.models.backbone import layer_names


def row(name, **keys):
    return {'name': name, 'set': {key.replace('__', '.'): value for key, value in keys.items()}}


def series_of(folder, rows):
    suite, runs, _ = write_runs(folder, rows=rows)
    return layer_series(runs, summarize(suite, runs))


def test_rows_that_differ_in_the_layer_alone(tmp_path):
    series = series_of(
        tmp_path,
        [
            row('more', midattr__attribute_layer='res3d'),  # 47 and 54, the others 42 and 44
            row('late', midattr__attribute_layer='res5c'),
            row('none', model__name='midattr_tiny'),
            row('weighted', midattr__attribute_layer='res4f', midattr__mu=3.0),
            row('deep', model__name='midattr_resnet50_market', midattr__attribute_layer='res4f'),
            row('mixed', midattr__attribute_layer='mixture'),
            row('torchreid', model__name='resnet18', loss__name='softmax'),
        ],
    )
    assert {
        name: {layer: point.mean for layer, point in points.items()}
        for name, points in series.items()
    } == {'fused': pytest.approx({'none': 43.0, 'res5c': 43.0, 'res3d': 50.5})}
    assert list(series['fused']) == ['none', 'res5c', 'res3d']
    assert series['fused']['res3d'].std == pytest.approx(7 / 2**0.5)


def test_two_series_of_one_descriptor(tmp_path):
    layers = ('res3d', 'res4f', 'res5c')
    series = series_of(
        tmp_path,
        [
            row(f'{weight}-{layer}', midattr__mu=weight, midattr__attribute_layer=layer)
            for weight in (1.0, 2.0)
            for layer in layers
        ],
    )
    assert list(series) == ['fused (1.0-res3d ...)', 'fused (2.0-res3d ...)']
    assert all(len(points) == 3 for points in series.values())


def test_two_points_are_not_a_series(tmp_path):
    assert not series_of(tmp_path, [row('more'), row('none', model__name='midattr_tiny')])


def test_nothing_done(tmp_path):
    _, runs, _ = write_runs(
        tmp_path, unfinished=[(name, seed) for name in ('plain', 'more') for seed in (1, 2)]
    )
    assert layer_series(runs, []) == {}


def test_every_layer_is_ordered():
    assert set(layer_choices(layer_names())) - {'mixture'} == set(layer_order()) - {'none'}


@pytest.mark.parametrize('name', ['paper_market', 'paper_duke', 'demo', 'twin'])
def test_tables_4_and_5(name, tmp_path):
    """Each table is a series, at either weight; Table 6 and the sweep of mu + nu are in none."""
    suite = load_suite(CONFIGS / f'compare/{name}.yaml')
    runs = plan_runs(suite, [1], tmp_path)
    for number, run in enumerate(runs):
        results = made_up_results(0.0)
        results.reid = {TARGET: {run.cfg.midattr.descriptor: {'mAP': number / 100}}}
        finish(run, results)
    names = [row.name for row in suite.rows]
    series = layer_series(runs, summarize(suite, runs))
    found = {
        descriptor: [(layer, names[round(point.mean)]) for layer, point in points.items()]
        for descriptor, points in series.items()
    }
    layers = {
        'global': {
            'none': 'T4.1',
            'pool5': 'T4.2',
            'res5c': 'T4.2-parts',
            'res4f': 'T4.3',
            'res3d': 'T4.4',
        },
        'local': {'none': 'T5.1', 'res5c': 'T5.2', 'res4f': 'T5.3', 'res3d': 'T5.4'},
    }
    tables = {descriptor: list(names.items()) for descriptor, names in layers.items()}
    if name == 'twin':  # which has two rows of Table 5
        del tables['local']
    if name.startswith('paper'):
        tables = {
            f'{descriptor} ({table[0][1]}{weight} ...)': [
                (layer, row_name + weight) for layer, row_name in table
            ]
            for descriptor, table in tables.items()
            for weight in ('', '-8')
        }
    assert found == tables
