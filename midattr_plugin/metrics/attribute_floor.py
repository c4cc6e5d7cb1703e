"""Attributes whose scores a model could have without having learned them.

Shapes: N images, m attributes.
"""

import numpy as np

from midattr_plugin.schema import AttributeSchema

_QUANTILE = 1.645  # of the normal distribution: 5 % of the models that guess lie above it


def attribute_floors(
    predictions: np.ndarray, labels: np.ndarray, pids: np.ndarray, schema: AttributeSchema
) -> dict[str, str]:
    """Return the attributes of which the scores show nothing learned, and why.

    Args:
        predictions: (N, m) predicted class indices, columns in the order of ``schema``.
        labels: (N, m) class indices, -1 where unknown.
        pids: (N,) identity numbers.
        schema: the m attributes.

    Returns:
        Attribute name -> reason, see :func:`floor_reason`.
    """
    reasons = {
        attribute.name: floor_reason(predictions[:, i], labels[:, i], pids, attribute.classes)
        for i, attribute in enumerate(schema)
    }
    return {name: reason for name, reason in reasons.items() if reason}


def floor_reason(
    predictions: np.ndarray, labels: np.ndarray, pids: np.ndarray, classes: tuple[str, ...]
) -> str:
    """Return why the scores of one attribute show nothing learned; '' if they show something.

    The balanced accuracy of predictions that have nothing to do with the labels is 1/k on
    average, for the k classes that occur. It counts as above that only if it is so by more than
    the noise of such predictions. As the images of a person look alike, the noise is that of a
    model which gives all images of an identity the same answer: a class that only a few
    identities have is recognized by luck more often than its number of images suggests.

    Args:
        predictions: (N,) predicted class indices.
        labels: (N,) class indices, -1 where the label is unknown.
        pids: (N,) identity numbers.
        classes: names of the classes.
    """
    is_known = labels >= 0
    if not is_known.any():
        return ''
    true, predicted, identities = labels[is_known], predictions[is_known], pids[is_known]
    occurring, counts = np.unique(true, return_counts=True)
    if len(occurring) == 1:
        return f'all images are "{classes[occurring[0]]}"'
    if (predicted == predicted[0]).all():
        return f'always answers "{classes[predicted[0]]}"'
    recalls, variances = [], []
    for index in occurring:
        of_class = true == index
        share = (predicted == index).mean()  # how often it would be right without looking
        sizes = np.unique(identities[of_class], return_counts=True)[1]
        recalls.append((predicted[of_class] == index).mean())
        variances.append(share * (1 - share) * (sizes**2).sum() / sizes.sum() ** 2)
    noise = _QUANTILE * np.sqrt(np.sum(variances)) / len(occurring)
    if np.mean(recalls) <= 1 / len(occurring) + noise:
        return 'balanced accuracy at chance'
    if (predicted == true).sum() <= counts.max():
        return 'accuracy not above majority'
    return ''
