"""Scores of attribute predictions, per attribute and averaged over the attributes.

Shapes: N images, m attributes, c classes of one attribute, C of all. All scores are fractions in
[0, 1].
"""

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from midattr_plugin.class_marks import MARKED
from midattr_plugin.schema import AttributeSchema

SCORES = ('accuracy', 'protocol_accuracy', 'balanced_accuracy', 'f1', 'majority')


def score_attribute(
    predictions: np.ndarray,
    labels: np.ndarray,
    pids: np.ndarray,
    marks: np.ndarray | None = None,
) -> dict[str, float | None]:
    """Score the predictions of one attribute.

    Args:
        predictions: (N,) predicted class indices.
        labels: (N,) class indices, -1 where the label is unknown.
        pids: (N,) identity numbers; the distractors have 0 (background) and -1 (junk).
        marks: (N, c) marks of the classes (:mod:`midattr_plugin.class_marks`); None if they are
            those of the labels.

    Returns:
        The scores, None where there is no image to compute them on:

        * ``accuracy``: fraction of correct predictions among images with a known label;
        * ``protocol_accuracy``: the annotators' own protocol (Lin et al.), the fraction of images
          with pid above 0 whose predicted class is marked: of several marked colors each is
          correct, and an image without a label counts as an error;
        * ``balanced_accuracy``: the mean recall of the classes that occur;
        * ``f1``: mean F1 of the classes that occur;
        * ``majority``: the accuracy of always predicting the most frequent class, a lower bound
          that a useful ``accuracy`` exceeds.
    """
    scores: dict[str, float | None] = dict.fromkeys(SCORES)
    has_identity = pids > 0
    if has_identity.any():
        is_marked = (
            predictions == labels
            if marks is None
            else marks[np.arange(len(predictions)), predictions] == MARKED
        )
        scores['protocol_accuracy'] = float(is_marked[has_identity].mean())
    is_known = labels >= 0
    if is_known.any():
        true, predicted = labels[is_known], predictions[is_known]
        classes, counts = np.unique(true, return_counts=True)
        macro = {'labels': classes, 'average': 'macro', 'zero_division': 0}
        scores['accuracy'] = float(accuracy_score(true, predicted))
        scores['balanced_accuracy'] = float(recall_score(true, predicted, **macro))
        scores['f1'] = float(f1_score(true, predicted, **macro))
        scores['majority'] = float(counts.max() / counts.sum())
    return scores


def attribute_scores(
    predictions: np.ndarray,
    labels: np.ndarray,
    pids: np.ndarray,
    schema: AttributeSchema,
    marks: np.ndarray | None = None,
) -> dict[str, dict[str, float | None]]:
    """Score each attribute of ``schema``, and average the scores.

    Args:
        predictions: (N, m) predicted class indices, columns in the order of ``schema``.
        labels: (N, m) class indices, -1 where unknown.
        pids: (N,) identity numbers.
        schema: the m attributes.
        marks: (N, C) marks of the classes, in the order of ``schema``; None if they are those of
            the labels.

    Returns:
        Attribute name or 'average' -> scores, see :func:`score_attribute`. Attributes without any
        known label, which this dataset does not annotate, are left out.
    """
    ends = np.cumsum(schema.num_classes)[:-1]
    columns = [None] * len(schema) if marks is None else np.split(marks, ends, axis=1)
    scores = {
        name: score_attribute(predictions[:, i], labels[:, i], pids, columns[i])
        for i, name in enumerate(schema.names)
        if (labels[:, i] >= 0).any()
    }
    if scores:
        scores['average'] = {key: _mean([s[key] for s in scores.values()]) for key in SCORES}
    return scores


def attribute_confusions(
    predictions: np.ndarray, labels: np.ndarray, schema: AttributeSchema
) -> dict[str, dict[str, list]]:
    """Count how often each class of an attribute was predicted as which.

    Args:
        predictions: (N, m) predicted class indices, columns in the order of ``schema``.
        labels: (N, m) class indices, -1 where unknown.
        schema: the m attributes.

    Returns:
        Attribute name -> 'classes' (c,), and 'counts' (c, c): numbers of images, a row per true
        class, a column per predicted class. Attributes without any known label are left out.
    """
    return {
        attribute.name: {
            'classes': list(attribute.classes),
            'counts': confusion_matrix(
                labels[is_known, i], predictions[is_known, i], labels=range(len(attribute.classes))
            ).tolist(),
        }
        for i, attribute in enumerate(schema)
        if (is_known := labels[:, i] >= 0).any()
    }


def _mean(values: list[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return sum(measured) / len(measured) if measured else None
