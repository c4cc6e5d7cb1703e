"""TensorBoard's scalars of a training, written where a line of the training is printed.

torchreid writes all of them after every step. That takes a millisecond, and between two printed
steps there is nothing new on a GPU: the values are read from it only then.
"""

from collections.abc import Callable
from typing import Any

from midattr_plugin import torchreid_compat


class PrintedScalarsMixin(torchreid_compat.Engine):
    """Mixin for an engine of torchreid, before it.

    Attributes:
        print_freq: steps from line to line, counted in each epoch.
    """

    writer: Any
    print_freq = 1
    batch_idx = 0

    def train(self, *args: Any, **options: Any) -> None:
        """Train one epoch, writing the scalars of printed steps and of the last one."""
        writer = self.writer
        if writer is None:
            super().train(*args, **options)
            return
        self.writer = printed = PrintedScalars(writer, self.is_printed)
        try:
            super().train(*args, **options)
        finally:
            self.writer = writer
        printed.write_last()

    def is_printed(self) -> bool:
        """Return whether a line is printed after this step."""
        return (self.batch_idx + 1) % self.print_freq == 0


class PrintedScalars:
    """Takes the place of TensorBoard's writer in an epoch.

    Args:
        writer: the writer.
        is_printed: whether the present step is printed.
    """

    def __init__(self, writer: Any, is_printed: Callable[[], bool]):
        self._writer = writer
        self._is_printed = is_printed
        self._last: dict[str, tuple[float, int]] = {}

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        """Write the value if its step is printed; see TensorBoard's writer."""
        if self._is_printed():
            self._writer.add_scalar(tag, value, step)
            self._last.pop(tag, None)
        else:
            self._last[tag] = value, step

    def write_last(self) -> None:
        """Write the values of the last step, unless it was printed."""
        for tag, (value, step) in self._last.items():
            self._writer.add_scalar(tag, value, step)
        self._last.clear()
