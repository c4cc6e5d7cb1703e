"""What a training shows its model, in the order of the steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from torch import Tensor

from midattr_plugin import torchreid_compat
from midattr_plugin.train import main

Step = tuple[int, list[str], Tensor]
"""Epoch from 0, paths of the batch, images (B, 3, H, W)."""


@contextmanager
def recorded_images() -> Iterator[list[Step]]:
    """Add the steps of all trainings within the block to a list."""
    steps: list[Step] = []
    original = torchreid_compat.Engine.parse_data_for_train

    def parse(engine, data):
        if engine.model.training:
            steps.append((engine.epoch, list(data['impath']), data['img'].clone()))
        return original(engine, data)

    with patch.object(torchreid_compat.Engine, 'parse_data_for_train', parse):
        yield steps


def seen_images(argv: list[str]) -> list[Step]:
    """Run ``midattr-train`` and return the steps of its training."""
    with recorded_images() as steps:
        assert main(argv) == 0
    return steps


def same_images(steps: list[Step], others: list[Step]) -> bool:
    """Return whether epochs, paths and pixel values are identical."""
    return [step[:2] for step in steps] == [step[:2] for step in others] and all(
        images.equal(more) for (*_, images), (*_, more) in zip(steps, others, strict=True)
    )
