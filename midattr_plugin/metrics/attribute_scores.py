"""Scores of attribute predictions, per attribute and on average.

Shapes: N images, m attributes, c classes of one attribute. All scores are fractions in [0, 1].
"""

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from midattr_plugin.schema import AttributeSchema

SCORES = ('accuracy', 'protocol_accuracy', 'mA', 'f1', 'majority')


def score_attribute(
    predictions: np.ndarray, labels: np.ndarray, pids: np.ndarray
) -> dict[str, float | None]:
    """Scores one attribute.

    Args:
        predictions: (N,) predicted class indices.
        labels: (N,) class indices, -1 where the label is unknown.
        pids: (N,) identity numbers; 0 is background, -1 junk.

    Returns:
        ``accuracy``: share of right predictions among images with a known label.
        ``protocol_accuracy``: the annotators' own protocol (Lin et al.): share of right
        predictions among images with pid above 0; an unknown label counts as wrong.
        ``mA``: balanced accuracy, the mean recall of the classes that occur.
        ``f1``: mean F1 of the classes that occur.
        ``majority``: the accuracy of always answering the most frequent class, which
        ``accuracy`` must beat to mean anything. A score over no image at all is None.
    """
    scores: dict[str, float | None] = dict.fromkeys(SCORES)
    identified = pids > 0
    if identified.any():
        scores['protocol_accuracy'] = float((predictions == labels)[identified].mean())
    known = labels >= 0
    if known.any():
        right, guess = labels[known], predictions[known]
        classes, counts = np.unique(right, return_counts=True)
        over_classes = {'labels': classes, 'average': 'macro', 'zero_division': 0}
        scores['accuracy'] = float(accuracy_score(right, guess))
        scores['mA'] = float(recall_score(right, guess, **over_classes))
        scores['f1'] = float(f1_score(right, guess, **over_classes))
        scores['majority'] = float(counts.max() / counts.sum())
    return scores


def attribute_scores(
    predictions: np.ndarray, labels: np.ndarray, pids: np.ndarray, schema: AttributeSchema
) -> dict[str, dict[str, float | None]]:
    """Scores each attribute of ``schema``, and their mean under ``'average'``.

    Args:
        predictions: (N, m) predicted class indices, columns in the order of ``schema``.
        labels: (N, m) class indices, -1 where unknown.
        pids: (N,) identity numbers.

    Returns:
        Attribute name (or ``'average'``) -> :func:`score_attribute`. An attribute without any
        known label here (its dataset does not annotate it) is left out.
    """
    scores = {
        name: score_attribute(predictions[:, i], labels[:, i], pids)
        for i, name in enumerate(schema.names)
        if (labels[:, i] >= 0).any()
    }
    if scores:
        scores['average'] = {key: _mean([s[key] for s in scores.values()]) for key in SCORES}
    return scores


def attribute_confusions(
    predictions: np.ndarray, labels: np.ndarray, schema: AttributeSchema
) -> dict[str, dict[str, list]]:
    """Attribute name -> 'classes' (c,), and 'counts' (c, c): numbers of images, a row per true
    class, a column per predicted one.

    Args:
        predictions, labels: as for :func:`attribute_scores`, which leaves out the same attributes.
    """
    return {
        attribute.name: {
            'classes': list(attribute.classes),
            'counts': confusion_matrix(
                labels[known, i], predictions[known, i], labels=range(len(attribute.classes))
            ).tolist(),
        }
        for i, attribute in enumerate(schema)
        if (known := labels[:, i] >= 0).any()
    }


def _mean(values: list[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return sum(measured) / len(measured) if measured else None
