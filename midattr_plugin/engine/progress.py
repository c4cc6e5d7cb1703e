"""How far a training has come, in a file that other programs can read: ``progress.json``."""

import json
import os
from pathlib import Path

from midattr_plugin.files import write_text

NAME = 'progress.json'


def write_progress(folder: str | os.PathLike, epoch: int, max_epoch: int) -> None:
    """Note in ``folder`` that ``epoch`` of ``max_epoch`` epochs have been trained.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(Path(folder, NAME), json.dumps({'epoch': epoch, 'max_epoch': max_epoch}) + '\n')


def read_progress(folder: str | os.PathLike) -> tuple[int, int]:
    """Return the number of epochs trained and that of the whole training; zeros if unknown."""
    try:
        content = json.loads(Path(folder, NAME).read_text(encoding='utf-8'))
        return int(content['epoch']), int(content['max_epoch'])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0
