import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.datasets import MARKET1501
from midattr_plugin.metrics import attribute_confusions, attribute_scores, score_attribute
from midattr_plugin.schema import Attribute, AttributeSchema


def reference(predictions, labels, pids):
    """Plain loops over images and classes."""
    identified = [i for i in range(len(pids)) if pids[i] > 0]
    known_images = [i for i in range(len(pids)) if labels[i] >= 0]
    protocol = (
        sum(predictions[i] == labels[i] for i in identified) / len(identified)
        if identified
        else None
    )
    if not known_images:
        return {
            'accuracy': None,
            'protocol_accuracy': protocol,
            'balanced_accuracy': None,
            'f1': None,
            'majority': None,
        }
    recalls, f1s, sizes = [], [], []
    for c in {labels[i] for i in known_images}:
        tp = sum(1 for i in known_images if labels[i] == c and predictions[i] == c)
        fn = sum(1 for i in known_images if labels[i] == c and predictions[i] != c)
        fp = sum(1 for i in known_images if labels[i] != c and predictions[i] == c)
        recalls.append(tp / (tp + fn))
        f1s.append(2 * tp / (2 * tp + fp + fn))
        sizes.append(tp + fn)
    return {
        'accuracy': sum(predictions[i] == labels[i] for i in known_images) / len(known_images),
        'protocol_accuracy': protocol,
        'balanced_accuracy': sum(recalls) / len(recalls),
        'f1': sum(f1s) / len(f1s),
        'majority': max(sizes) / len(known_images),
    }


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(-1, 3), st.integers(-1, 2)),
        min_size=1,
        max_size=30,
    )
)
def test_equals_plain_loops(rows):
    predictions, labels, pids = np.array(rows).T
    expected = reference(predictions, labels, pids)
    assert score_attribute(predictions, labels, pids) == pytest.approx(expected, nan_ok=False)


def test_example_by_hand():
    scores = score_attribute(
        predictions=np.array([0, 0, 1, 1, 0]),
        labels=np.array([0, 1, 1, -1, 0]),
        pids=np.array([7, 7, 7, 8, 0]),
    )
    assert scores == pytest.approx(
        {
            'accuracy': 3 / 4,  # of 4 with a known label
            'protocol_accuracy': 2 / 4,  # of 4 with an identity; the unknown label is an error
            'balanced_accuracy': (2 / 2 + 1 / 2) / 2,
            'f1': (4 / 5 + 2 / 3) / 2,
            'majority': 2 / 4,
        }
    )


def test_each_of_several_marked_classes_is_right():
    """By the annotators' protocol alone: the others need one label."""
    scores = score_attribute(
        predictions=np.array([0, 1, 2, 1, 0]),
        labels=np.array([-1, -1, -1, 1, 1]),
        pids=np.array([7, 7, 7, 8, 0]),
        marks=np.array([[1, 1, 0], [1, 1, 0], [1, 1, 0], [0, 1, 0], [1, 0, 0]]),
    )
    assert scores['protocol_accuracy'] == 3 / 4  # the background does not count
    assert scores['accuracy'] == 1 / 2


@pytest.mark.parametrize('mark', [0, -1])
def test_without_a_marked_class_nothing_is_right(mark):
    scores = score_attribute(
        np.array([0, 1]), np.array([-1, -1]), np.array([7, 8]), np.full((2, 2), mark)
    )
    assert scores['protocol_accuracy'] == 0 and scores['accuracy'] is None


SCHEMA = AttributeSchema(
    'test',
    (
        Attribute('hat', ('no', 'yes'), ('hat',), (1,)),
        Attribute('age', ('young', 'old'), ('age',), (1, 2)),
    ),
)


def test_the_average_is_over_annotated_attributes():
    predictions = np.array([[0, 0], [1, 1]])
    pids = np.array([1, 2])
    scores = attribute_scores(predictions, np.array([[0, 1], [1, 1]]), pids, SCHEMA)
    assert scores['hat']['accuracy'] == 1
    assert scores['age']['accuracy'] == 0.5
    assert scores['average']['accuracy'] == 0.75

    scores = attribute_scores(predictions, np.array([[0, -1], [1, -1]]), pids, SCHEMA)
    assert set(scores) == {'hat', 'average'}
    assert scores['average'] == scores['hat']


def test_marks_of_each_attribute():
    marks = np.array([[1, 1, 0, 1], [0, 1, 0, 0]])
    scores = attribute_scores(
        np.array([[0, 0], [1, 1]]), np.array([[-1, 1], [1, -1]]), np.array([1, 2]), SCHEMA, marks
    )
    assert scores['hat']['protocol_accuracy'] == 1
    assert scores['age']['protocol_accuracy'] == 0


def test_no_image_with_an_identity():
    scores = attribute_scores(np.array([[0, 0]]), np.array([[0, 0]]), np.array([0]), SCHEMA)
    assert scores['average']['protocol_accuracy'] is None
    assert scores['average']['accuracy'] == 1


def test_nothing_annotated():
    assert attribute_scores(np.array([[0, 0]]), np.array([[-1, -1]]), np.array([1]), SCHEMA) == {}


def test_confusions_by_counting():
    schema = MARKET1501
    generator = np.random.default_rng(0)
    counts = [len(attribute.classes) for attribute in schema]
    labels = np.stack([generator.integers(-1, count, 50) for count in counts], 1)
    predictions = np.stack([generator.integers(0, count, 50) for count in counts], 1)
    labels[:, 3] = -1  # not annotated
    confusions = attribute_confusions(predictions, labels, schema)
    assert list(confusions) == [name for i, name in enumerate(schema.names) if i != 3]
    for i, attribute in enumerate(schema):
        if i == 3:
            continue
        by_hand = [[0] * counts[i] for _ in range(counts[i])]
        for true, guess in zip(labels[:, i], predictions[:, i], strict=True):
            if true >= 0:
                by_hand[true][guess] += 1
        assert confusions[attribute.name] == {'classes': list(attribute.classes), 'counts': by_hand}
