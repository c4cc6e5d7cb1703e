"""Which layers of a model start from pretrained weights: seen from the weights, for any model.

torchreid has no weights for some of its models, and leaves out layers that do not fit; it warns, or
says nothing. So the model is built twice with the same random numbers, once without pretrained
weights: what differs was loaded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from midattr_plugin.errors import InputError
from midattr_plugin.random_state import preserved_random_state

ENOUGH = 0.5
"""Smallest share of loaded weights with which a model counts as pretrained."""


@dataclass(frozen=True)
class Loaded:
    """Weights that a model got from a file.

    Attributes:
        share: of the weights of the layers that are not new, in [0, 1].
        lacking: children of the model that got none, without the new layers.
    """

    share: float
    lacking: tuple[str, ...]


def new_layers(model: nn.Module) -> tuple[str, ...]:
    """Return the children of a model that start from random weights in every training.

    A model of this project says it in ``new_layers``; of another these are the classifiers of
    identities, by torchreid's names.

    Args:
        model: any model of torchreid.
    """
    own = getattr(model, 'new_layers', None)
    if own is not None:
        return tuple(own)
    return tuple(name for name, _ in model.named_children() if name.startswith('classifier'))


def build_and_compare(build: Callable[[bool], nn.Module]) -> tuple[nn.Module, Loaded]:
    """Return a model with pretrained weights, and which weights these are.

    Args:
        build: builds the model with pretrained weights (True) or without. An error of the former
            comes from getting the weights if the latter raises none, and is a ``WeightsError``.

    Raises:
        WeightsError: the weights cannot be had.
        InputError: the same, of a model of this project.
    """
    with preserved_random_state():
        random = build(False)
    try:
        model = build(True)
    except InputError:
        raise
    except Exception as error:  # whatever networks, files and libraries raise
        raise WeightsError(str(error)) from error
    return model, compare(model, random, new_layers(model))


class WeightsError(Exception):
    """Pretrained weights that cannot be had; the cause is ``__cause__``."""


def compare(model: nn.Module, random: nn.Module, new: Sequence[str]) -> Loaded:
    """Return which weights of a model differ from those of its random twin.

    Args:
        model: the model.
        random: one that was built with the same random numbers.
        new: children that are left out.
    """
    loaded: dict[str, int] = {}
    total: dict[str, int] = {}
    before = dict(random.named_parameters())
    for name, parameter in model.named_parameters():
        child = name.partition('.')[0]
        if child not in new:
            size = parameter.numel()
            differs = not torch.equal(parameter, before[name])
            total[child] = total.get(child, 0) + size
            loaded[child] = loaded.get(child, 0) + size * differs
    lacking = tuple(child for child, count in loaded.items() if not count)
    return Loaded(sum(loaded.values()) / max(sum(total.values()), 1), lacking)
