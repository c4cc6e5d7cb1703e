"""Attribute predictions and labels, recorded while torchreid extracts features."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from midattr_plugin.distributed.process_group import gather_interleaved
from midattr_plugin.metrics import attribute_confusions, attribute_scores
from midattr_plugin.schema import AttributeSchema


class AttributeRecorder:
    """Record of one evaluation of one target, made batch by batch.

    Args:
        schema: the m attributes of the model; empty or None for a model without attributes.
        source: the attributes that the images of the target are labeled with, or None.
    """

    def __init__(self, schema: AttributeSchema | None, source: AttributeSchema | None):
        self.schema = schema
        self.source = source
        self._pids: list[Tensor] = []
        self._labels: list[Tensor] = []
        self._predictions: list[Tensor] = []

    def add_batch(self, data: dict) -> None:
        """Record the pids and labels of a batch of torchreid's loader."""
        if self.schema is not None and self.source is not None:
            self._pids.append(data['pid'])
            self._labels.append(self.source.convert(data['attrs'], target=self.schema))

    def add_output(self, attributes: dict[str, Tensor]) -> None:
        """Record the predictions for the batch that was added last.

        Args:
            attributes: attribute name -> logits (B, c), in the order of ``schema``.
        """
        if attributes:
            predictions = [logits.argmax(1) for logits in attributes.values()]
            self._predictions.append(torch.stack(predictions, 1).cpu())

    def scores(self, first: int) -> dict[str, dict[str, float | None]]:
        """Return :func:`attribute_scores` of the gallery, or {} without labels.

        Args:
            first: index of the first image that counts. The annotators' protocol is defined on
                the gallery, which torchreid extracts after the query: give the number of queries.
                With several processes that is this process's number of queries; the scores are
                computed over the images of all processes.
        """
        if self.schema is None or not self._labels:
            return {}
        predictions, labels, pids = self._gathered(first)
        return attribute_scores(predictions, labels, pids, self.schema)

    def confusions(self, first: int) -> dict[str, dict[str, list]]:
        """Return :func:`attribute_confusions` of the same images, or {} without labels.

        Args:
            first: as for :meth:`scores`.
        """
        if self.schema is None or not self._labels:
            return {}
        predictions, labels, _ = self._gathered(first)
        return attribute_confusions(predictions, labels, self.schema)

    def _gathered(self, first: int) -> list[np.ndarray]:
        columns = (self._predictions, self._labels, self._pids)
        return [gather_interleaved(torch.cat(column)[first:]).numpy() for column in columns]


def format_scores(scores: Mapping[str, Mapping[str, float | None]]) -> str:
    """Return the scores as a table for the console, in percent."""
    keys = list(next(iter(scores.values())))
    width = max(len(name) for name in scores)
    lines = [' ' * width + ''.join(f'{key:>19}' for key in keys)]
    for name, row in scores.items():
        values = ('-' if row[key] is None else f'{row[key]:.1%}' for key in keys)
        lines.append(f'{name:<{width}}' + ''.join(f'{value:>19}' for value in values))
    return '\n'.join(lines)
