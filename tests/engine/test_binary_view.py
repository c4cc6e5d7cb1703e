import numpy as np
import pytest

from midattr_plugin.class_marks import class_names
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.engine.binary_view import binary_view, format_binary_view

UNION = MARKET1501.union(DUKEMTMCREID)


def view_of(schema, source, pids=(1, 2), marks=0):
    images, m = len(pids), len(schema)
    marks = np.full((images, len(class_names(schema))), marks)
    marks[:, [name not in class_names(source) for name in class_names(schema)]] = -1
    likely = np.ones((images, m), bool)
    return binary_view(np.zeros((images, m), int), likely, marks, np.array(pids), schema, source)


@pytest.mark.parametrize('schema', [MARKET1501, UNION])
def test_labels_are_those_of_the_dataset(schema):
    view = view_of(schema, MARKET1501)
    assert len(view['labels']) == 30 and not view['left_out']
    assert 'upper_color=brown' not in view['labels']  # of the other dataset
    text = format_binary_view(view)
    assert text.startswith('Binary view, mean of 30 labels: mA ') and len(text.splitlines()) == 2


def test_labels_that_the_model_lacks_are_said():
    view = view_of(DUKEMTMCREID, MARKET1501)
    assert len(view['labels']) == 5 + 7 + 6  # two-class, upper colors, lower colors of both
    assert set(view['left_out']) == {
        *('hair_length=long', 'sleeve_length=short', 'lower_length=short', 'lower_type=pants'),
        *('age=young', 'age=teenager', 'age=adult', 'age=old', 'upper_color=yellow'),
        *('lower_color=pink', 'lower_color=purple', 'lower_color=yellow'),
    }
    line = format_binary_view(view).splitlines()[-1]
    assert line.startswith('Note: left out of the binary view, as the model has no such class: ')
    assert line.endswith(
        'upper_color=yellow, lower_color=pink, lower_color=purple, lower_color=yellow'
    )


def test_nothing_to_score():
    assert view_of(MARKET1501, MARKET1501, pids=(0, -1)) == {}
    assert view_of(MARKET1501, MARKET1501, marks=-1) == {}


def test_text():
    mean = {'mA': 0.5, 'accuracy': 1, 'precision': 0, 'recall': 0.25, 'f1': 0.123}
    instance = {'accuracy': 0.5, 'precision': 1, 'recall': 1, 'f1': 1}
    view = {'labels': {'hat=yes': mean}, 'mean': mean, 'instance': instance, 'left_out': []}
    assert format_binary_view(view) == (
        'Binary view, mean of 1 labels: mA 50.0%, accuracy 100.0%, precision 0.0%, recall 25.0%, '
        'f1 12.3%\n'
        'Binary view, by image: accuracy 50.0%, precision 100.0%, recall 100.0%, f1 100.0%'
    )
