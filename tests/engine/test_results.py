"""The results as ``metrics.json`` holds them."""

import json

import numpy as np
import pytest

from midattr_plugin.engine.results import FORMAT_VERSION, Results, plain_numbers
from midattr_plugin.errors import InputError

REID = {'rank-1': 0.5, 'mAP': 0.25}
BINARY = {'mA': 0.5, 'accuracy': 0.75, 'precision': 0.0, 'recall': 0.0, 'f1': 0.0}


def results():
    return Results(
        epoch=3,
        reid={'data': {'fused': REID, 'global': REID}},
        attributes={'data': {'upper_color': {'accuracy': 0.5, 'balanced_accuracy': None}}},
        confusion={
            'data': {'upper_color': {'classes': ['red', 'blue'], 'counts': [[1, 0], [2, 3]]}}
        },
        attributes_binary={
            'data': {
                'labels': {'upper_color=red': BINARY},
                'mean': BINARY,
                'instance': BINARY,
                'left_out': ['upper_color=blue'],
            }
        },
        rendered={'data': True},
        parameters=7,
        extra={'layer_weights': {'hat': {'res3d': 1.0}}},
    )


def test_written_and_read(tmp_path):
    path = tmp_path / 'metrics.json'
    results().write(path)
    assert Results.read(path) == results()
    content = json.loads(path.read_text())
    assert content['format_version'] == FORMAT_VERSION == 3
    assert content['layer_weights'] == {'hat': {'res3d': 1.0}}  # beside the other fields
    assert 'multiply_adds' not in content and 'extra' not in content


def test_floats_without_noise(tmp_path):
    """0.8656 as float32 is 0.8655999898910522 as float64."""
    noisy = Results(
        reid={'data': {'fused': {'rank-1': np.float32(0.8656), 'mAP': np.float64(0.1)}}}
    )
    noisy.extra = {'counts': (np.int64(3), np.float32(1) / np.float32(3))}
    noisy.write(tmp_path / 'metrics.json')
    text = (tmp_path / 'metrics.json').read_text()
    assert '"rank-1": 0.8656,' in text and '"mAP": 0.1\n' in text
    read = Results.read(tmp_path / 'metrics.json')
    assert read.extra == {'counts': [3, 0.33333334]}
    assert np.float32(read.extra['counts'][1]) == np.float32(1) / np.float32(3)


def test_reads_files_without_a_version():
    """Version 0.1 spelled attributes in British English, and had no version."""
    old = {
        'reid': {'data': {'fused': REID}},
        'attributes': {'data': {'upper_colour': {'accuracy': 0.5}, 'hat': {'accuracy': 1.0}}},
        'rendered': {'data': False},
        'epoch': 2,
        'task_weights': {'global': 1.0, 'lower_colour': 0.9},
    }
    read = Results.from_dict(old)
    assert list(read.attributes['data']) == ['upper_color', 'hat']
    assert read.extra == {'task_weights': {'global': 1.0, 'lower_color': 0.9}}
    assert (read.epoch, read.confusion, read.parameters) == (2, {}, None)
    assert 'upper_colour' in old['attributes']['data']


def test_reads_files_without_scores_of_queries(tmp_path):
    """Version 0.3 had neither these nor the trapezoid."""
    path = tmp_path / 'metrics.json'
    path.write_text(json.dumps({'format_version': 2, 'reid': {'data': {'fused': REID}}}))
    read = Results.read(path)
    assert read.query_scores_sha256 is None
    assert read.reid['data']['fused'] == REID and read.mean_mAP('fused') == 0.25
    path.write_text(path.read_text().replace('"reid"', '"query_scores_sha256": 5, "reid"'))
    with pytest.raises(InputError, match='damaged'):
        Results.read(path)


@pytest.mark.parametrize('version', [{}, {'format_version': 2}])
def test_balanced_accuracy_was_called_mA(version):
    """Before version 3 of the file; since then mA is what the literature calls so."""
    scores = {'accuracy': 0.5, 'mA': 0.25}
    old = {
        **version,
        'reid': {'data': {'fused': REID}},
        'attributes': {'data': {'hat': scores, 'average': scores}},
        'at_floor': {'data': {'hat': 'mA at chance', 'bag': 'always answers "no"'}},
    }
    read = Results.from_dict(old)
    assert read.attributes['data']['hat'] == {'accuracy': 0.5, 'balanced_accuracy': 0.25}
    assert read.mean_balanced_accuracy('data') == 0.25
    assert read.at_floor['data'] == {
        'hat': 'balanced accuracy at chance',
        'bag': 'always answers "no"',
    }
    assert Results.from_dict(read.as_dict()) == read
    assert scores == {'accuracy': 0.5, 'mA': 0.25}


def test_mean_over_targets():
    read = Results(
        reid={name: {'fused': {'mAP': value}} for name, value in (('a', 0.2), ('b', 0.6))}
    )
    assert read.mean_mAP('fused') == pytest.approx(0.4)


@pytest.mark.parametrize(
    'content, message',
    [
        (None, r'cannot be read \(No such file'),
        ('{"reid": ', 'are broken'),
        ('[1]', 'hold no reid scores'),
        ('{"epoch": 1}', 'hold no reid scores'),
        ('{"reid": {}, "chosen_on": 1}', 'hold no reid scores'),
        ('{"reid": {}, "validation_identities": {"mAP": "x"}}', 'hold no reid scores'),
        ('{"reid": {}, "format_version": 99}', 'version 99, .* reads up to 3; update it'),
        ('{"format_version": 99}', 'version 99, .* reads up to 3; update it'),
    ],
)
def test_unusable_files(tmp_path, content, message):
    path = tmp_path / 'metrics.json'
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        Results.read(path)


def test_nothing_is_left_of_a_failed_write(tmp_path):
    broken = Results(extra={'function': print})
    with pytest.raises(TypeError):
        broken.write(tmp_path / 'metrics.json')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    'reid', ['5', '{"data": 3}', '{"data": {"fused": {}}}', '{"data": {"fused": {"mAP": "x"}}}']
)
def test_other_values_than_scores(tmp_path, reid):
    path = tmp_path / 'metrics.json'
    path.write_text(f'{{"format_version": 3, "reid": {reid}}}')
    with pytest.raises(InputError, match='hold no reid scores'):
        Results.read(path)


@pytest.mark.parametrize('scores', [{**BINARY, 'f1': 'high'}, {**BINARY, 'f1': None}, {'f1': 0}])
@pytest.mark.parametrize('part', ['labels', 'mean', 'instance'])
def test_a_damaged_binary_view(tmp_path, part, scores):
    broken = results()
    view = broken.attributes_binary['data']
    view[part] = {'upper_color=red': scores} if part == 'labels' else scores
    broken.write(tmp_path / 'metrics.json')
    with pytest.raises(InputError, match='or damaged ones'):
        Results.read(tmp_path / 'metrics.json')


@pytest.mark.parametrize('legacy', [False, '1.13'])
def test_numbers_do_not_depend_on_how_numpy_prints(legacy):
    value = np.float64(0.7532840701701697)
    with np.printoptions(legacy=legacy, precision=2):
        assert plain_numbers([value, np.float32(0.8656)]) == [0.7532840701701697, 0.8656]
    assert [type(x) for x in plain_numbers([value, np.float32('nan')])] == [float, float]


def test_home_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    Results(reid={'a': {'global': {'mAP': 0.5}}}).write('~/results.json')
    assert (tmp_path / 'results.json').is_file()
    assert Results.read('~/results.json').mean_mAP('global') == 0.5


def test_attributes_alone(tmp_path):
    alone = Results(
        attributes={
            'a': {'average': {'balanced_accuracy': 0.5}},
            'b': {'average': {'balanced_accuracy': None}},
            'c': {'average': {'balanced_accuracy': 0.25}},
        },
        knows_identities=False,
    )
    alone.write(tmp_path / 'metrics.json')
    read = Results.read(tmp_path / 'metrics.json')
    assert read == alone and read.knows_identities is False
    assert read.mean_mAP('fused') is None
    assert read.overall_balanced_accuracy() == 0.375
    assert Results().overall_balanced_accuracy() is None
    assert 'knows_identities' not in Results().as_dict()
