"""A folder of results in which one process works at a time."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from midattr_plugin.errors import InputError

_NO_LOCKS = {errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def locked(out: Path, what: str) -> Iterator[None]:
    """Make the folder and keep other processes from doing the same in it at the same time.

    A process that is killed leaves no lock.

    Args:
        out: the folder, which was given as ``--out``.
        what: is done, e.g. 'suite'; the lock is a file of this name.

    Raises:
        InputError: another process has the lock, or the folder cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(out / f'{what}.lock')
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(
            f'--out: another process is running the {what} in "{out}"; wait for it, '
            'or choose another folder'
        ) from None
    except (NotImplementedError, OSError) as error:
        if not _has_no_locks(error):
            raise unwritable(out, error) from error
        print(
            f'Note: the file system of "{out}" has no locks ({error}), so that a second process '
            f'would not be noticed: start this {what} only once at a time'
        )
    try:
        yield
    finally:
        lock.release()


def unwritable(out: Path, error: Exception) -> InputError:
    """Return the sentence about a folder that was given as ``--out``."""
    return InputError(
        f'--out: "{out}" cannot be written to ({getattr(error, "strerror", error)}); '
        'choose another folder'
    )


def _has_no_locks(error: Exception) -> bool:
    return isinstance(error, NotImplementedError) or getattr(error, 'errno', None) in _NO_LOCKS
