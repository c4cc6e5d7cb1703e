"""How two predictions differ, by hand-made examples."""

import numpy as np
import pytest

from helpers.tiny_checkpoint import SCHEMA
from midattr_plugin.errors import InputError
from midattr_plugin.export.parity import (
    FLOAT32,
    INT8,
    Parity,
    check_parity,
    compare,
    parity_table,
)
from midattr_plugin.predict import Prediction

SAME = Parity(1.0, 1.0, 1.0, 4, 0, 0.0)


def prediction(descriptors, hats, colors):
    return Prediction(
        SCHEMA,
        {'hat': np.array(hats, np.float32), 'vest color': np.array(colors, np.float32)},
        np.array(descriptors, np.float32),
    )


REFERENCE = prediction(
    [[3, 0], [0, 1]], [[0.9, 0.1], [0.50001, 0.49999]], [[0.2, 0.7, 0.1], [0.3, 0.3, 0.4]]
)


def test_by_hand():
    other = prediction(
        [[3, 4], [0, 2]], [[0.8, 0.2], [0.4, 0.6]], [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]]
    )
    parity = compare(REFERENCE, other)
    assert parity.lowest_cosine == pytest.approx(0.6)
    assert parity.mean_cosine == pytest.approx(0.8)
    # hat of the second image is a near-tie; of the other three classes one differs
    assert (parity.equal_classes, parity.classes, parity.near_ties) == (2 / 3, 3, 1)
    assert parity.probability == pytest.approx(0.5)


def test_of_itself():
    parity = compare(REFERENCE, REFERENCE)
    assert parity == Parity(1.0, 1.0, 1.0, 3, 1, 0.0)
    assert not parity.failures(FLOAT32)


def test_without_attributes():
    reference = Prediction(None, {}, np.eye(3, dtype=np.float32))
    assert compare(reference, reference) == Parity(1.0, 1.0, None, 0, 0, 0.0)


def test_without_descriptors():
    probabilities = {'hat': np.array([[0.9, 0.1]], np.float32)}
    reference = Prediction(SCHEMA, probabilities, np.zeros((1, 0), np.float32))
    parity = compare(reference, reference)
    assert parity == Parity(None, None, 1.0, 1, 0, 0.0)
    assert not parity.failures(FLOAT32)
    assert parity_table({'a.onnx': {1: parity}}).splitlines()[1].split()[2:4] == ['-', '-']


def test_attribute_of_one_class():
    """It has no second class to be near."""
    one = Prediction(SCHEMA, {'hat': np.ones((2, 1), np.float32)}, np.eye(2, dtype=np.float32))
    assert compare(one, one).classes == 2


@pytest.mark.parametrize(
    'change, words',
    [
        ({'lowest_cosine': 0.9998}, 'lowest cosine 0.9998, at least 0.9999'),
        ({'mean_cosine': float('nan')}, 'mean cosine nan'),
        ({'equal_classes': 0.999}, 'equal classes 0.999, at least 1'),
        ({'probability': 0.02}, 'probability 0.02, at most 0.01'),
    ],
)
def test_failures(change, words):
    [failure] = Parity(**{**vars(SAME), **change}).failures(FLOAT32)
    assert words in failure


@pytest.mark.parametrize('limits', [FLOAT32, INT8])
def test_a_file_that_differs(limits):
    class Predictor:
        batch_size = 0

        def __call__(self, images):
            return prediction([[1, 1], [1, 0]], REFERENCE.probabilities['hat'], [[0, 0, 1]] * 2)

    with pytest.raises(InputError, match='"m.onnx" is not written, because') as raised:
        check_parity(REFERENCE, Predictor(), [0, 0], limits, 'm.onnx')
    assert '2 images, 1 at a time' in str(raised.value) and limits.remedy in str(raised.value)


def test_table():
    text = parity_table({'a.onnx': {1: SAME}, 'b.onnx': {7: Parity(1, 1, None, 0, 0, 0.0)}})
    lines = text.splitlines()
    assert lines[0].startswith('file') and len({len(line) for line in lines}) == 1
    assert '100.000%' in lines[1] and lines[2].split()[1] == '7'
