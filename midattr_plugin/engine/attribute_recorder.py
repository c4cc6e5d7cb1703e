"""Attribute predictions and labels, gathered while torchreid extracts features."""

import numpy as np
import torch
from torch import Tensor

from midattr_plugin.distributed.process_group import gather_interleaved
from midattr_plugin.metrics import attribute_confusions, attribute_scores
from midattr_plugin.schema import AttributeSchema


class AttributeRecorder:
    """Gathers, batch by batch, what one evaluation of one target sees.

    Args:
        schema: the model's attributes, m of them; empty or None where it has none.
        source: the attributes that the target's images are labeled with, or None.
    """

    def __init__(self, schema: AttributeSchema | None, source: AttributeSchema | None):
        self.schema = schema
        self.source = source
        self._pids: list[Tensor] = []
        self._labels: list[Tensor] = []
        self._predictions: list[Tensor] = []

    def add_batch(self, data: dict) -> None:
        """Takes the labels of a batch of B items as torchreid's loader yields it."""
        if self.schema is not None and self.source is not None:
            self._pids.append(data['pid'])
            self._labels.append(self.source.convert(data['attrs'], to=self.schema))

    def add_output(self, attributes: dict[str, Tensor]) -> None:
        """Takes what the model gave for that batch: name -> logits (B, c), in the order of
        ``schema``.
        """
        if attributes:
            predictions = [logits.argmax(1) for logits in attributes.values()]
            self._predictions.append(torch.stack(predictions, 1).cpu())

    def scores(self, first: int) -> dict[str, dict[str, float | None]]:
        """Scores over the images from number ``first`` on; {} where there are no labels.

        torchreid extracts the query before the gallery; the annotators' protocol is over the
        gallery, so ``first`` is the number of queries. Where several processes share the images,
        it is that of this process, and the scores are over the images of all.
        """
        if not self._labels:
            return {}
        predictions, labels, pids = self._gathered(first)
        return attribute_scores(predictions, labels, pids, self.schema)

    def confusions(self, first: int) -> dict[str, dict[str, list]]:
        """Which classes were taken for which, over the same images; {} without labels."""
        if not self._labels:
            return {}
        predictions, labels, _ = self._gathered(first)
        return attribute_confusions(predictions, labels, self.schema)

    def _gathered(self, first: int) -> list[np.ndarray]:
        columns = (self._predictions, self._labels, self._pids)
        return [gather_interleaved(torch.cat(column)[first:]).numpy() for column in columns]


def format_scores(scores: dict[str, dict[str, float | None]]) -> str:
    """The scores as a table for the console, in percent."""
    keys = list(next(iter(scores.values())))
    width = max(len(name) for name in scores)
    lines = [' ' * width + ''.join(f'{key:>19}' for key in keys)]
    for name, row in scores.items():
        values = ('-' if row[key] is None else f'{row[key]:.1%}' for key in keys)
        lines.append(f'{name:<{width}}' + ''.join(f'{value:>19}' for value in values))
    return '\n'.join(lines)
