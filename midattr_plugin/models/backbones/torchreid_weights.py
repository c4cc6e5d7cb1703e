"""Why the pretrained weights of a model of torchreid cannot be had, and what to do."""

import traceback
from pathlib import Path

import torch

_LONGEST = 200  # characters of a cause


def download_problem(name: str, error: Exception) -> str:
    """Return what is wrong and the remedy, as the rest of a sentence.

    Args:
        name: of the model.
        error: its ``__cause__`` is what getting the weights raised.
    """
    cause = error.__cause__ or error
    if isinstance(cause, ImportError):  # gdown, which torchreid does not require
        return (
            f'getting the weights of "{name}" needs the package {cause.name}, which is not '
            f'installed; run pip install {cause.name}, or set model.pretrained False'
        )
    path = _file_of(cause)
    if path.is_file():
        return (
            f'the weights of "{name}" cannot be read from "{path}" ({_reason(cause)}); remove the '
            'file, so that it is downloaded again, or set model.pretrained False'
        )
    return (
        f'the weights of "{name}" could not be downloaded ({_reason(cause)}); get the file that '
        f'torchreid names for this model elsewhere and put it at "{path}", or set '
        'model.pretrained False'
    )


def _file_of(error: BaseException) -> Path:
    """Return the file that was to be written or read, or else the folder of such files."""
    path = Path(torch.hub.get_dir(), 'checkpoints')
    for frame, _ in traceback.walk_tb(error.__traceback__):
        path = frame.f_locals.get('cached_file', path)  # so torchreid and torch.hub name it
    return Path(path)


def _reason(error: BaseException) -> str:
    """Return the cause in a few words; urllib wraps it into ``reason``."""
    if isinstance(error, FileNotFoundError):
        return 'the download ended without a file'  # gdown prints why
    text = ' '.join(str(getattr(error, 'reason', error)).split())
    return text[:_LONGEST] or type(error).__name__
