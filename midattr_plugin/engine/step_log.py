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
        self._sums: dict[str, Tensor] = {}

    def add(self, name: str, total: Tensor, count: Tensor | int = 1) -> None:
        """Adds scalars: a sum, and over how many values. No value at all is allowed."""
        pair = torch.stack([total.detach().float(), torch.as_tensor(count).to(total.device).float()])
        self._sums[name] = self._sums[name] + pair if name in self._sums else pair

    def read(self) -> dict[str, float]:
        """The means over the steps and processes, in the order in which the names were added.

        It starts anew then. What had no value is left out.
        """
        if not self._sums:
            return {}
        pairs = sum_over_processes(torch.stack(list(self._sums.values()))).tolist()
        means = {name: total / count
                 for name, (total, count) in zip(self._sums, pairs, strict=True) if count}
        self._sums = {}
        return means
