"""A folder that already holds a training: nothing of it is written over."""

import itertools
import time
from pathlib import Path

from midattr_plugin.engine.progress import NAME as PROGRESS
from midattr_plugin.engine.progress import read_progress
from midattr_plugin.errors import InputError

FOLDER = 'earlier'
_LAST = Path('model', 'model.pth.tar-last')
_WRITTEN = (
    'model',
    'metrics.json',
    'metrics-test.json',
    'query_scores.csv',
    'query_scores-test.csv',
    'config.yaml',
    'config-test.yaml',
    PROGRESS,
    'events.out.tfevents.*',  # of which TensorBoard draws one curve
    'visrank_*',
)


def check_ended(save_dir: Path) -> None:
    """Check that a folder holds no training that is rather to be resumed than replaced.

    Args:
        save_dir: folder of a new training.

    Raises:
        InputError: the training in the folder has not ended.
    """
    last = save_dir / _LAST
    trained, max_epoch = read_progress(save_dir)
    if last.is_file() and trained < max_epoch:
        raise InputError(
            f'data.save_dir: "{save_dir}" holds a training of which {trained} of {max_epoch} '
            f'epochs are done; set model.resume {last} to go on with it, name another folder, or '
            'remove that one'
        )


def keep_earlier_training(save_dir: Path) -> None:
    """Move a complete training and its tests out of the way of a new one: ``earlier/<date>``.

    Call it when the new one has read its weights, which may be those of the earlier one.

    Args:
        save_dir: folder of the new training.
    """
    last = save_dir / _LAST
    if not last.is_file():
        return
    ended = time.strftime('%Y-%m-%d-%H-%M-%S', time.localtime(last.stat().st_mtime))
    place = _new_folder(save_dir / FOLDER, ended)
    for pattern in _WRITTEN:
        for path in save_dir.glob(pattern):
            path.replace(place / path.name)
    print(f'Note: the training that "{save_dir}" held is now in "{place}"')


def _new_folder(parent: Path, name: str) -> Path:
    """Make a folder of this name, or of this name and a number: two may end in one second."""
    for number in itertools.count(1):
        folder = parent / (name if number == 1 else f'{name}-{number}')
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError('there is always another number')
