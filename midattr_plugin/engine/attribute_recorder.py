"""Attribute predictions and labels, recorded while descriptors are extracted."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from midattr_plugin.class_marks import Marks, class_names, convert_marks, marks_of_labels
from midattr_plugin.distributed.gathering import gather_interleaved_to_main
from midattr_plugin.engine.binary_view import binary_view
from midattr_plugin.metrics import attribute_confusions, attribute_floors, attribute_scores
from midattr_plugin.schema import AttributeSchema


class AttributeRecorder:
    """Record of one evaluation of one target, made batch by batch.

    What it keeps are small numbers in arrays of its own: a tensor that comes from a worker process
    of a loader holds an open file, and a few bytes of it the memory of its whole batch.

    Args:
        schema: the m attributes of the model; empty or None for a model without attributes.
        source: the attributes that the images of the target are labeled with, or None.
        marks_by_path: marks of images, in the order of ``source``; an image without an entry has
            those of its labels.
    """

    def __init__(
        self,
        schema: AttributeSchema | None,
        source: AttributeSchema | None,
        marks_by_path: Mapping[str, Marks] = MappingProxyType({}),
    ):
        self.schema = schema if schema and source is not None else None
        self.source = source
        self._marks_by_path = marks_by_path
        classes = max(schema.num_classes, default=1) if schema is not None else 1
        self._index = np.min_scalar_type(-classes)  # smallest signed type of their indices
        self._pids: list[np.ndarray] = []
        self._labels: list[np.ndarray] = []
        self._marks: list[np.ndarray] = []
        self._predictions: list[np.ndarray] = []

    def add_batch(self, data: dict) -> None:
        """Record the pids, labels and marks of a batch of torchreid's loader."""
        if self.schema is not None and self.source is not None:
            labels = self.source.convert(data['attrs'], target=self.schema)
            self._pids.append(np.array(data['pid'].tolist(), np.int64))
            self._labels.append(labels.numpy().astype(self._index))
            rows = [marks_of_labels(tuple(row), self.source) for row in data['attrs'].tolist()]
            if self._marks_by_path:
                rows = list(map(self._marks_by_path.get, data['impath'], rows))
            self._marks.append(np.array(rows, np.int8))

    def add_output(self, attributes: dict[str, Tensor]) -> None:
        """Record the predictions for the batch that was added last.

        These are the most probable class, and whether it has a probability above one half, which
        no other class then has.

        Args:
            attributes: attribute name -> logits (B, c), in the order of ``schema``.
        """
        if attributes and self.schema is not None:
            indices = torch.stack([logits.argmax(1) for logits in attributes.values()], 1)
            is_likely = torch.stack(
                [logits.float().softmax(1).amax(1) > 0.5 for logits in attributes.values()], 1
            )
            both = torch.stack([indices, is_likely.long()], 1)  # (B, 2, m), copied at once
            self._predictions.append(both.cpu().numpy().astype(self._index))

    def measure(self, num_images: int) -> dict[str, dict]:
        """Measure how well the attributes are predicted.

        Args:
            num_images: that all processes together have recorded.

        Returns:
            'scores' (:func:`attribute_scores`), 'confusions' (:func:`attribute_confusions`),
            'floors' (:func:`attribute_floors`) and 'binary' (:func:`binary_view`) over the images
            of all processes, in the main one. Each is {} without labels, and in the other
            processes.
        """
        measured: dict[str, dict] = {'scores': {}, 'confusions': {}, 'floors': {}, 'binary': {}}
        if self.schema is None or self.source is None:
            return measured
        m, num_marks = len(self.schema), len(class_names(self.source))
        predictions, labels, marks, pids = (
            gather_interleaved_to_main(torch.from_numpy(np.concatenate(column)), num_images)
            for column in (
                [np.empty((0, 2, m), self._index), *self._predictions],
                [np.empty((0, m), self._index), *self._labels],
                [np.empty((0, num_marks), np.int8), *self._marks],
                [np.empty(0, np.int64), *self._pids],
            )
        )
        if predictions is None or labels is None or marks is None or pids is None:
            return measured
        indices, is_likely = predictions.numpy().swapaxes(0, 1)
        arrays = indices, labels.numpy()
        our_marks = convert_marks(marks.numpy(), self.source, self.schema)
        return {
            'scores': attribute_scores(*arrays, pids.numpy(), self.schema, our_marks),
            'confusions': attribute_confusions(*arrays, self.schema),
            'floors': attribute_floors(*arrays, pids.numpy(), self.schema),
            'binary': binary_view(
                indices, is_likely > 0, our_marks, pids.numpy(), self.schema, self.source
            ),
        }


def format_scores(
    scores: Mapping[str, Mapping[str, float | None]], floors: Mapping[str, str] | None = None
) -> str:
    """Return the scores as a table for the console, in percent.

    Args:
        scores: row -> column -> fraction.
        floors: rows to mark, as they are at or below their floor -> why.
    """
    floors = floors or {}
    marked = {name: f'{name} *' if name in floors else name for name in scores}
    keys = list(next(iter(scores.values())))
    width = max(map(len, marked.values()))
    lines = [' ' * width + ''.join(f'{key:>19}' for key in keys)]
    for name, row in scores.items():
        values = ('-' if row[key] is None else f'{row[key]:.1%}' for key in keys)
        lines.append(f'{marked[name]:<{width}}' + ''.join(f'{value:>19}' for value in values))
    if floors:
        names: dict[str, list[str]] = {}
        for name, reason in floors.items():
            names.setdefault(reason, []).append(name)
        reasons = '; '.join(f'{reason} ({", ".join(same)})' for reason, same in names.items())
        lines.append(f'* at or below its floor, as without having learned it: {reasons}')
    return '\n'.join(lines)
