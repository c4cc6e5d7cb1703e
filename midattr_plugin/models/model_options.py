"""Options of the network: what there is to choose from, and what cannot be used."""

from collections.abc import Iterable, Mapping

from midattr_plugin.errors import InputError
from midattr_plugin.models.attribute_heads import POOLED
from midattr_plugin.schema import AttributeSchema

BRANCHES = ('global', 'local')
FUSED = 'fused'
DESCRIPTORS = (FUSED, *BRANCHES)
LOSSES = ('softmax', 'triplet', 'midattr')
LINEAR, COSINE = CLASSIFIERS = ('linear', 'cosine')


def check_choice(key: str, value: str, allowed: Iterable[str]) -> None:
    """Check that a value is among those that are allowed.

    Args:
        key: configuration key, for the message.
        value: of the option.
        allowed: values.

    Raises:
        InputError: it is not.
    """
    if value not in allowed:
        raise InputError(f'{key}: "{value}" does not fit; choose from {", ".join(allowed)}')


def checked_branches(branches: Iterable[str]) -> tuple[str, ...]:
    """Return the branches, the global one first.

    Args:
        branches: names in any order.

    Raises:
        InputError: there are none, one is named twice, or one is unknown.
    """
    branches = tuple(branches)
    if not branches or len(set(branches)) < len(branches) or not set(branches) <= set(BRANCHES):
        raise InputError(
            f'midattr.branches: {list(branches)} cannot be used; choose global, local or both'
        )
    return tuple(branch for branch in BRANCHES if branch in branches)


def check_classifier(classifier: str, loss: str) -> None:
    """Check that the loss takes what the classifier of the identities gives.

    Args:
        classifier: 'linear', or what has cosines.
        loss: name of the loss.

    Raises:
        InputError: it does not.
    """
    if classifier != LINEAR and loss != 'midattr':
        raise InputError(
            f'midattr.classifier: {classifier} needs the loss.name midattr, which has its margin '
            f'and scale, but it is {loss}; set it to midattr, or midattr.classifier to {LINEAR}'
        )


def check_attributes_alone(schema: AttributeSchema | None, loss: str) -> None:
    """Check a model without identities.

    Args:
        schema: the attributes; None or an empty one for none.
        loss: name of the loss.

    Raises:
        InputError: it has no attributes either, or the loss is one of identities.
    """
    if not schema:
        raise InputError(
            'there are neither identities nor attributes to learn; give the training images one '
            'of the two'
        )
    if loss != 'midattr':
        raise InputError(
            f'loss.name: "{loss}" is one of identities, but the training images have none; choose '
            'midattr'
        )


def check_pooled(
    layer_of: Mapping[str, str], branches: Iterable[str], layers: Iterable[str]
) -> None:
    """Check that there is a 'pool5' if an attribute reads it.

    Args:
        layer_of: attribute name -> layer that it reads.
        branches: of the model.
        layers: of the backbone, for the message.

    Raises:
        InputError: the global branch, whose feature it is, is left out.
    """
    if POOLED in layer_of.values() and 'global' not in branches:
        raise InputError(
            f'midattr.attribute_layer or midattr.layer_overrides: {POOLED} is the '
            'feature of the global branch, which is left out; add global to '
            f'midattr.branches, or choose {" or ".join(layers)}'
        )
