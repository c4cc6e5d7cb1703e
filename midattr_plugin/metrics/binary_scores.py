"""Scores of binary labels, as the literature on pedestrian attributes gives them.

docs/scores.md has the definitions and their sources. A ratio whose divisor is 0, such as the recall
of a label without positives, is 0 and counts in the means.

Shapes: N images, L labels. All scores are fractions in [0, 1].
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

INSTANCE_SCORES = ('accuracy', 'precision', 'recall', 'f1')
LABEL_SCORES = ('mA', *INSTANCE_SCORES)


def binary_scores(
    predictions: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> dict[str, Any]:
    """Score the predictions of binary labels.

    Args:
        predictions: (N, L) bool, whether a label is predicted positive.
        labels: (N, L) 1 where positive, 0 where negative, below 0 where unknown.
        names: of the L labels.

    Returns:
        * 'labels': name -> ``LABEL_SCORES`` over the images whose label is known;
        * 'mean': the means of these over the labels;
        * 'instance': ``INSTANCE_SCORES`` of the set of positive labels of an image, over the images
          of which any label is known; an unknown label is in neither set.

        A label that no image has is left out; {} if that is so of all.
    """
    is_known, is_positive = labels >= 0, labels > 0
    by_label = {
        name: _label_scores(is_positive[known, i], predictions[known, i])
        for i, (name, known) in enumerate(zip(names, is_known.T, strict=True))
        if known.any()
    }
    if not by_label:
        return {}
    images = is_known.any(1)
    return {
        'labels': by_label,
        'mean': {
            key: float(np.mean([scores[key] for scores in by_label.values()]))
            for key in LABEL_SCORES
        },
        'instance': _instance_scores(is_positive[images], (predictions & is_known)[images]),
    }


def _label_scores(is_positive: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return the scores of one label (N,)."""
    precision, recall, f1, _ = precision_recall_fscore_support(
        is_positive, predicted, labels=[False, True], zero_division=0
    )
    scores = recall.mean(), accuracy_score(is_positive, predicted), precision[1], recall[1], f1[1]
    return dict(zip(LABEL_SCORES, map(float, scores), strict=True))


def _instance_scores(is_positive: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return the scores of the sets of labels (N, L); scikit-learn does so for two or more."""
    hits = (is_positive & predicted).sum(1)
    accuracy = _mean_ratio(hits, (is_positive | predicted).sum(1))
    precision = _mean_ratio(hits, predicted.sum(1))
    recall = _mean_ratio(hits, is_positive.sum(1))
    total = precision + recall
    f1 = 2 * precision * recall / total if total else 0.0  # not the mean of the images' F1
    return dict(zip(INSTANCE_SCORES, (accuracy, precision, recall, f1), strict=True))


def _mean_ratio(numbers: np.ndarray, divisors: np.ndarray) -> float:
    """Return the mean of (N,) ratios, each 0 where the divisor is."""
    return float((numbers / np.maximum(divisors, 1)).mean())
