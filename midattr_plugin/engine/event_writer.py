"""TensorBoard's events, without which a training goes on."""

from collections.abc import Callable
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter


class EventWriter:
    """The part of ``SummaryWriter`` that torchreid's engines call.

    The first event that cannot be written, e.g. on a full disk, is reported in a line, and no
    further one is tried.

    Args:
        folder: of the file of events.
    """

    def __init__(self, folder: str | Path):
        self._folder = folder
        self._writer: SummaryWriter | None = None
        self._attempt(self._open)

    def add_scalar(self, tag: str, value: float | None, step: int) -> None:
        """Write one value, unless it is None: what was not measured has no curve.

        Args:
            tag: name of its curve.
            value: the value.
            step: its place on the curve.
        """
        if self._writer is not None and value is not None:
            self._attempt(self._writer.add_scalar, tag, value, step)

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._writer is not None:
            self._attempt(self._writer.close)

    def _open(self) -> None:
        self._writer = SummaryWriter(log_dir=str(self._folder))

    def _attempt(self, write: Callable, *values) -> None:
        try:
            write(*values)
        except (OSError, UnicodeError) as error:  # UnicodeError: TensorBoard's paths are UTF-8
            self._writer = None
            print(
                f'Note: no more events of TensorBoard are written to "{self._folder}" ({error}); '
                'the training goes on without them'
            )
