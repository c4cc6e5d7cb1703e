"""Binary view of the attributes: one label per class, as the literature on attributes scores them.

Shapes: N images, m attributes of a model, C classes of all of them together.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from midattr_plugin.class_marks import binary_names, class_names
from midattr_plugin.metrics import binary_scores
from midattr_plugin.schema import AttributeSchema


def binary_view(
    indices: np.ndarray,
    is_likely: np.ndarray,
    marks: np.ndarray,
    pids: np.ndarray,
    schema: AttributeSchema,
    source: AttributeSchema,
) -> dict[str, Any]:
    """Score each binary label of a dataset that a model has the class of.

    Args:
        indices: (N, m) the most probable class of each attribute.
        is_likely: (N, m) whether its probability is above one half; it is then predicted positive.
        marks: (N, C) marks of the classes.
        pids: (N,) identity numbers; images without an identity, 0 and -1, do not count.
        schema: attributes of the model.
        source: attributes of the dataset.

    Returns:
        What :func:`~midattr_plugin.metrics.binary_scores` returns, and 'left_out': the labels of
        which the model lacks the class.
    """
    classes = class_names(schema)
    labels = binary_names(source)
    names = [name for name in labels if name in classes]
    columns = [classes.index(name) for name in names]
    rows = pids > 0
    predicted = np.concatenate(
        [
            (indices[rows, i, None] == np.arange(count)) & is_likely[rows, i, None]
            for i, count in enumerate(schema.num_classes)
        ],
        axis=1,
    )
    scores: dict[str, Any] = binary_scores(predicted[:, columns], marks[rows][:, columns], names)
    if scores:
        scores['left_out'] = [name for name in labels if name not in classes]
    return scores


def format_binary_view(view: Mapping[str, Any]) -> str:
    """Return lines for the console: the scores in percent, and the labels that are left out.

    Args:
        view: as :func:`binary_view` returns it.
    """
    lines = [
        f'Binary view, mean of {len(view["labels"])} labels: {_percentages(view["mean"])}',
        f'Binary view, by image: {_percentages(view["instance"])}',
    ]
    if view['left_out']:
        lines.append(
            'Note: left out of the binary view, as the model has no such class: '
            + ', '.join(view['left_out'])
        )
    return '\n'.join(lines)


def _percentages(scores: Mapping[str, float]) -> str:
    return ', '.join(f'{name} {value:.1%}' for name, value in scores.items())
