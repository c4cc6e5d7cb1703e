"""Weights of a checkpoint in a model that need not be the same (``model.load_weights``)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from midattr_plugin.engine.checkpoint_file import described_model
from midattr_plugin.engine.head_alignment import align_heads
from midattr_plugin.engine.training_images import are_same_images
from midattr_plugin.errors import InputError

_SHOWN = 8  # groups of names in a message


@dataclass(frozen=True)
class Transfer:
    """What came of the weights of a checkpoint.

    Attributes:
        loaded: names of the weights of the model that were loaded.
        missing: names of those that were not.
        left_out: name of a weight of the checkpoint that was not used -> why.
        reordered: attributes whose classes the checkpoint has in another order.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    left_out: Mapping[str, str]
    reordered: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return one line for the log."""
        total = len(self.loaded) + len(self.missing)
        parts = [f'{len(self.loaded)} of the {total} weights of the model']
        if self.reordered:
            parts.append(f'classes put in the order of the model: {", ".join(self.reordered)}')
        reasons: dict[str, list[str]] = {}
        for name, reason in self.left_out.items():
            reasons.setdefault(reason, []).append(name)
        left_out = [f'{grouped(names)} ({reason})' for reason, names in reasons.items()]
        parts.append(f'left out: {_shortened(left_out) or "none"}')
        if self.missing:
            everything = [*self.loaded, *self.missing]
            parts.append(f'without weights: {grouped(self.missing, everything)}')
        return '; '.join(parts)


def transfer_weights(
    model: nn.Module,
    checkpoint: dict,
    path: str | Path,
    training_images: Mapping[str, Any] | None = None,
) -> Transfer:
    """Load the weights that fit in name, shape and, of attributes, in the names of the classes.

    A row of a classifier of identities is a person. Where the training images are others, the
    classifiers are left out, even if there are as many people.

    Args:
        model: takes the weights.
        checkpoint: from :func:`~midattr_plugin.engine.checkpoint_file.read_checkpoint`.
        path: of the checkpoint, for messages.
        training_images: those that the model will learn, described by
            :func:`~midattr_plugin.engine.training_images.describe_images`; None if it only is
            tested.

    Raises:
        InputError: nothing in the checkpoint fits; the model is left as it was.
    """
    want = model.state_dict()
    aligned = align_heads(checkpoint['state_dict'], described_model(checkpoint, path), model)
    fitting, left_out = {}, dict(aligned.left_out)
    then = checkpoint.get('training_images')
    has_other_people = not are_same_images(then or {}, training_images or {})
    for name, weight in aligned.state.items():
        if has_other_people and name.startswith('classifier'):
            left_out[name] = 'of other training images'
        elif name not in want:
            left_out[name] = 'unknown to the model'
        elif want[name].shape != weight.shape:
            left_out[name] = f'{_size(weight)} there, {_size(want[name])} here'
        else:
            fitting[name] = weight
    if not any(want[name].is_floating_point() for name in fitting):
        raise InputError(
            f'nothing in "{path}" fits the model; check that model.load_weights '
            'and model.name belong together'
        )
    model.load_state_dict(fitting, strict=False)
    missing = [name for name in want if name not in fitting and want[name].is_floating_point()]
    loaded = [name for name in fitting if want[name].is_floating_point()]
    return Transfer(tuple(loaded), tuple(missing), left_out, tuple(aligned.reordered))


def by_group(names: Iterable[str]) -> dict[str, list[str]]:
    """Return names of weights by layer, attributes by name.

    Args:
        names: of the weights.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_group(name), []).append(name)
    return groups


def grouped(names: Iterable[str], everything: Iterable[str] = ()) -> str:
    """Return names of weights in short: by layer, attributes by name.

    Args:
        names: of the weights.
        everything: names of all weights of the model; a layer of which only some are named is
            then followed by their number.
    """
    counts, totals = (Counter(map(_group, some)) for some in (names, everything))
    return _shortened(
        f'{group} ({count} of {totals[group]})' if count < totals[group] else group
        for group, count in counts.items()
    )


def _group(name: str) -> str:
    parts = name.split('.')
    return '.'.join(parts[:3] if parts[:2] == ['attribute_heads', 'heads'] else parts[:1])


def _shortened(texts: Iterable[str]) -> str:
    texts = list(texts)
    more = f' and {len(texts) - _SHOWN} more' if len(texts) > _SHOWN else ''
    return ', '.join(texts[:_SHOWN]) + more


def _size(weight) -> str:
    return 'x'.join(map(str, weight.shape)) or 'a number'
