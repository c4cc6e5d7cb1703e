"""What training steps are logged with, kept on the device until somebody looks.

Reading one number from a GPU waits for all that it has still to do. The sums of a few steps are
therefore read together, in one transfer, when they are printed.
"""

import torch
from torch import Tensor

from midattr_plugin.distributed import sum_over_processes


class StepLog:
    """Means of named values over the steps since the last :meth:`read`."""

    def __init__(self):
        self._names: list[str] = []
        self._sums: Tensor | None = None  # (2, n): totals and counts

    def add(self, values: dict[str, tuple[Tensor, Tensor | int]]) -> None:
        """Adds the values of one step, the same names at each.

        Args:
            values: name -> scalars: a sum, and over how many values; none at all is allowed.
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
        """The means over the steps and processes, in the order in which they were added.

        It starts anew then. What had no value is left out.
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
