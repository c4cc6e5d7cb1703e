"""Losses and accuracies of training steps, summed on the device until they are printed.

Reading a number from a GPU waits for all pending work. The sums of several steps are therefore
read in a single transfer, at the steps that are printed.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from midattr_plugin.distributed import sum_over_processes


class StepLog:
    """Means of named values over the steps since the last :meth:`read`."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._sums: Tensor | None = None  # (2, n): totals and counts

    def add(self, values: Mapping[str, tuple[Tensor, Tensor | int]]) -> None:
        """Add the values of one step.

        Args:
            values: name -> (total, count), scalars; a count may be 0. Every step must have the
                same names.
        """
        self._names = list(values)
        totals = torch.stack([total.detach().float() for total, _ in values.values()])
        counts = torch.stack(
            [
                totals.new_full((), count) if isinstance(count, int) else count.float()
                for _, count in values.values()
            ]
        )
        step = torch.stack([totals, counts])
        self._sums = step if self._sums is None else self._sums + step

    def read(self) -> dict[str, float]:
        """Return the means over all steps and processes, and reset the log.

        The names are in the order in which they were added; those with a count of 0 are left out.
        """
        if self._sums is None:
            return {}
        totals, counts = sum_over_processes(self._sums).tolist()
        self._sums = None
        return {
            name: total / count
            for name, total, count in zip(self._names, totals, counts, strict=True)
            if count
        }
