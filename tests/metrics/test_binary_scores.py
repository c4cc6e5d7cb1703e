import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import jaccard_score, precision_score, recall_score

from helpers.attribute_references import instance_scores, label_scores
from midattr_plugin.metrics import binary_scores


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 4), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_equals_plain_loops(num_labels, num_images, seed):
    generator = np.random.default_rng(seed)
    predictions = generator.random((num_images, num_labels)) < 0.4
    labels = generator.integers(-1, 2, predictions.shape)
    names = [f'label {i}' for i in range(num_labels)]
    view = binary_scores(predictions, labels, names)
    pairs = [
        [(label, predicted) for label, predicted in zip(*rows, strict=True)]
        for rows in zip(labels, predictions, strict=True)
    ]
    by_label = {
        name: [row[i] for row in pairs if row[i][0] >= 0]
        for i, name in enumerate(names)
        if any(row[i][0] >= 0 for row in pairs)
    }
    if not by_label:
        assert view == {}
        return
    expected = {name: label_scores(column) for name, column in by_label.items()}
    assert list(view) == ['labels', 'mean', 'instance']
    assert list(view['labels']) == list(expected)
    for name, scores in expected.items():
        assert view['labels'][name] == pytest.approx(scores, abs=1e-12)
    assert view['mean'] == pytest.approx(
        {
            key: np.mean([scores[key] for scores in expected.values()])
            for key in ('mA', 'accuracy', 'precision', 'recall', 'f1')
        },
        abs=1e-12,
    )
    known = [[pair for pair in row if pair[0] >= 0] for row in pairs]
    assert view['instance'] == pytest.approx(
        instance_scores([row for row in known if row]), abs=1e-12
    )


def test_instances_as_scikit_learn_scores_them():
    generator = np.random.default_rng(0)
    labels, predictions = generator.random((2, 200, 5)) < 0.3
    instance = binary_scores(predictions, labels.astype(int), 'abcde')['instance']
    options = {'average': 'samples', 'zero_division': 0}
    for name, score in (
        ('accuracy', jaccard_score),
        ('precision', precision_score),
        ('recall', recall_score),
    ):
        assert instance[name] == pytest.approx(score(labels, predictions, **options), abs=1e-12)


def test_example_by_hand():
    """A label without positives, one without negatives, an image without positives or predictions,
    and an unknown label."""
    labels = np.array([[1, 0, 1], [0, 0, 1], [0, 0, -1]])
    predictions = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 1]], bool)
    view = binary_scores(predictions, labels, ['hat', 'purple', 'alive'])
    assert view['labels'] == {
        'hat': {'mA': 1, 'accuracy': 1, 'precision': 1, 'recall': 1, 'f1': 1},
        'purple': {
            'mA': pytest.approx((0 + 2 / 3) / 2),
            'accuracy': pytest.approx(2 / 3),
            'precision': 0,
            'recall': 0,
            'f1': 0,
        },
        'alive': {
            'mA': (1 / 2 + 0) / 2,
            'accuracy': 1 / 2,
            'precision': 1,
            'recall': 1 / 2,
            'f1': pytest.approx(2 / 3),
        },
    }
    assert view['mean']['mA'] == pytest.approx((1 + 1 / 3 + 1 / 4) / 3)
    precision, recall = (1 / 2 + 1 + 0) / 3, (1 / 2 + 1 + 0) / 3
    assert view['instance'] == pytest.approx(
        {
            'accuracy': (1 / 3 + 1 + 0) / 3,
            'precision': precision,
            'recall': recall,
            'f1': 2 * precision * recall / (precision + recall),
        }
    )


def test_nothing_predicted_and_nothing_there():
    view = binary_scores(np.zeros((2, 1), bool), np.zeros((2, 1), int), ['hat'])
    assert view['instance'] == {'accuracy': 0, 'precision': 0, 'recall': 0, 'f1': 0}
    assert view['labels']['hat'] == {
        'mA': 0.5,
        'accuracy': 1,
        'precision': 0,
        'recall': 0,
        'f1': 0,
    }


@pytest.mark.parametrize('labels', [np.empty((0, 2), int), -np.ones((3, 2), int)])
def test_nothing_known(labels):
    assert binary_scores(np.ones(labels.shape, bool), labels, ['hat', 'bag']) == {}
