"""Losses and accuracies of training steps, summed on the device until they are printed.

Reading a number from a GPU waits for all pending work. The sums of several steps are therefore
read in a single transfer, at the steps that are printed.
"""

from collections.abc import Sequence

from torch import Tensor

from midattr_plugin.distributed import sum_over_processes


class StepLog:
    """Means of named values over the steps since the last :meth:`read`."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._sums: Tensor | None = None  # (2, n): totals and counts

    def add(self, names: Sequence[str], sums: Tensor) -> None:
        """Add the values of one step.

        Args:
            names: n, the same in every step.
            sums: (2, n) float32, their totals and counts; a count may be 0. The memory may be
                used again, as a CUDA graph does.
        """
        self._names = list(names)
        self._sums = sums.clone() if self._sums is None else self._sums + sums

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
