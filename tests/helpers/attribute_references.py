"""Scores of attributes as the annotators and the literature define them, in plain loops.

They read the raw fields of a .mat file (``fields``: name -> label). Predictions are class names.
"""

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

EPSILON = 1e-20  # that Rethinking of PAR adds to its divisors
YES = 2


def fields_of(struct):
    """Return the raw fields of the identities of a split of a file: identity -> name -> label."""
    names = [name for name in struct._fieldnames if name != 'image_index']
    columns = {name: np.ravel(getattr(struct, name)) for name in names}
    pids = [int(pid) for pid in np.ravel(struct.image_index)]
    return {pid: {name: int(columns[name][i]) for name in names} for i, pid in enumerate(pids)}


def is_right(attribute, fields, predicted):
    """Return whether the annotators' script counts a prediction.

    It compares the number of the class with the label; of a color it looks up the field, so that
    each of several marked ones is right.
    """
    if len(attribute.fields) > 1:
        return fields[attribute.fields[attribute.classes.index(predicted)]] == YES
    return fields[attribute.fields[0]] == attribute.classes.index(predicted) + 1


def binary_labels(attribute, fields):
    """Return name of a label -> 1, 0 or None (unknown), of the raw fields of an identity.

    A field of two values is a label, value 2 its positive; age is four of them.
    """
    if len(attribute.fields) > 1:
        values = {
            name: fields[field]
            for name, field in zip(attribute.classes, attribute.fields, strict=True)
        }
        return {
            f'{attribute.name}={name}': value - 1 if value else None
            for name, value in values.items()
        }
    value = fields[attribute.fields[0]]
    if len(attribute.classes) == 2:
        return {f'{attribute.name}={attribute.classes[1]}': value - 1 if value else None}
    return {
        f'{attribute.name}={name}': int(value == number) if value else None
        for number, name in enumerate(attribute.classes, 1)
    }


def label_scores(pairs):
    """Return the scores of one label, of its (label, prediction) pairs.

    mA, precision and recall as Rethinking of PAR has them, accuracy and F1 as MarketDuke does.
    """
    true_positive = sum(1 for label, predicted in pairs if label == 1 and predicted)
    true_negative = sum(1 for label, predicted in pairs if label == 0 and not predicted)
    positive = sum(1 for label, _ in pairs if label == 1)
    negative = sum(1 for label, _ in pairs if label == 0)
    predicted_positive = sum(1 for _, predicted in pairs if predicted)
    recall = true_positive / (positive + EPSILON)
    labels, predictions = zip(*pairs, strict=True)
    return {
        'mA': (recall + true_negative / (negative + EPSILON)) / 2,
        'accuracy': accuracy_score(labels, predictions),
        'precision': true_positive / (predicted_positive + EPSILON),
        'recall': recall,
        'f1': f1_score(labels, predictions, zero_division=0),
    }


def instance_scores(images):
    """Return the scores of the images, of their lists of (label, prediction) pairs."""
    accuracies, precisions, recalls = [], [], []
    for pairs in images:
        both = sum(1 for label, predicted in pairs if label == 1 and predicted)
        either = sum(1 for label, predicted in pairs if label == 1 or predicted)
        accuracies.append(both / (either + EPSILON))
        precisions.append(both / (sum(1 for _, predicted in pairs if predicted) + EPSILON))
        recalls.append(both / (sum(1 for label, _ in pairs if label == 1) + EPSILON))
    accuracy, precision, recall = (
        sum(values) / len(values) for values in (accuracies, precisions, recalls)
    )
    return {
        'accuracy': accuracy,
        'precision': precision,
        'recall': recall,
        'f1': 2 * precision * recall / (precision + recall + EPSILON),
    }
