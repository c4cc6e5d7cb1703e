"""Paths as users write them: with ``~`` for the home folder, in any locale."""

import argparse
import errno
import os
from pathlib import Path

from midattr_plugin.errors import InputError

_ABSENT = {errno.ENOENT, errno.ENOTDIR}


def user_path(text: str | os.PathLike, name: str) -> str:
    """Return a path, which need not exist, as the file system knows it.

    Args:
        text: as it was written; '' remains ''.
        name: of the key or option that it was given for, for the message.

    Raises:
        InputError: it cannot be the path of a file.
    """
    text = os.fspath(text)
    path = os.path.expanduser(text)
    if path.startswith('~'):
        raise InputError(
            f'{name}: "{text}" begins with the home folder of a user who is unknown here; write '
            f'the whole path, or "./{text}" for a folder of this name'
        )
    try:
        path = _encodable(path)
        os.stat(path)
    except OSError as error:
        if error.errno not in _ABSENT:
            raise InputError(f'{name}: "{text:.200}" {_problem(error.strerror)}') from error
    except ValueError as error:  # a null character, or half a character
        raise InputError(f'{name}: {text[:200]!r} {_problem(str(error))}') from error
    return path


def path_option(text: str) -> Path:
    """Return the path that an option of a command line names; a ``type`` of argparse.

    Raises:
        ArgumentTypeError: it cannot be the path of a file.
    """
    try:
        path = Path(user_path(text, 'the path'))
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    # of "./~a" a Path keeps "~a", which would mean something else where it is read again
    return path.absolute() if str(path).startswith('~') else path


def _encodable(path: str) -> str:
    """Return the path in the form that names a file whose name is UTF-8, in any locale."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return os.fsdecode(path.encode('utf-8', errors='surrogateescape'))
    return path


def _problem(reason: str) -> str:
    return f'cannot be used as a path ({reason}); write another one'
