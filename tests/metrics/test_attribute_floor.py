"""Attributes at or below their floor, against models that guess and models that see."""

import numpy as np
import pytest

from midattr_plugin.metrics import attribute_floors, attribute_scores
from midattr_plugin.metrics.attribute_floor import floor_reason
from midattr_plugin.schema import Attribute, AttributeSchema

CLASSES = ('no', 'yes', 'maybe')


def guesses(share_of_yes, seed, identities=40, images=15, by_identity=True):
    """Labels of identities, and predictions that have nothing to do with them."""
    random = np.random.default_rng(seed)
    pids = np.repeat(np.arange(identities), images)
    labels = np.arange(identities) < max(1, round(share_of_yes * identities))
    answers = random.random(identities if by_identity else len(pids)) < random.uniform(0.1, 0.9)
    return answers[pids] if by_identity else answers, labels[pids], pids


@pytest.mark.parametrize('by_identity', [True, False])
@pytest.mark.parametrize('share', [0.5, 0.1])
def test_one_guess_in_twenty_passes(share, by_identity):
    """At most: images that are answered one by one have less noise than what is allowed for."""
    passed = 0
    for seed in range(400):
        predictions, labels, pids = guesses(share, seed, by_identity=by_identity)
        scores = floor_reason(predictions.astype(int), labels.astype(int), pids, CLASSES)
        passed += scores in ('', 'accuracy not above majority')
    assert passed <= 0.08 * 400


@pytest.mark.parametrize('accuracy', [0.75, 0.9])
def test_a_model_that_sees_is_not_marked(accuracy):
    for seed in range(50):
        random = np.random.default_rng(seed)
        labels = np.repeat(np.arange(100) % 2, 20)
        is_right = random.random(2000) < accuracy
        predictions = np.where(is_right, labels, 1 - labels)
        assert floor_reason(predictions, labels, np.arange(2000) // 20, CLASSES) == ''


def test_one_answer():
    labels = np.arange(60) % 2
    reason = floor_reason(np.ones(60, int), labels, np.arange(60), CLASSES)
    assert reason == 'always answers "yes"'


def test_one_class_occurs():
    labels = np.array([2, 2, -1, 2])
    reason = floor_reason(np.array([2, 2, 0, 1]), labels, np.arange(4), CLASSES)
    assert reason == 'all images are "maybe"'


def test_a_rare_class_that_is_found_at_the_cost_of_accuracy():
    """Balanced accuracy is 0.8 with 40 of 1,000 identities; "no" is right more often."""
    labels = (np.arange(1000) < 40).astype(int)
    predictions = np.where(np.arange(1000) % 5 == 0, 1 - labels, labels)
    assert floor_reason(predictions, labels, np.arange(1000), CLASSES) == (
        'accuracy not above majority'
    )


def test_luck_with_few_identities():
    """Two identities of a hundred wear a hat; both found is luck if half of all are said to."""
    pids = np.repeat(np.arange(100), 50)
    labels = (pids < 2).astype(int)
    predictions = (pids % 2 == 0) | (pids < 2)
    assert (
        floor_reason(predictions.astype(int), labels, pids, CLASSES)
        == 'balanced accuracy at chance'
    )


def test_by_attribute():
    schema = AttributeSchema('s', tuple(Attribute(name, CLASSES, (1,)) for name in 'abc'))
    labels = np.stack([np.arange(90) % 3, np.arange(90) % 3, np.full(90, -1)], 1)
    predictions = np.stack([labels[:, 0], np.zeros(90, int), np.zeros(90, int)], 1)
    pids = np.arange(90)
    floors = attribute_floors(predictions, labels, pids, schema)
    assert floors == {'b': 'always answers "no"'}  # nothing is known of c
    assert set(floors) < set(attribute_scores(predictions, labels, pids, schema))
