"""Writing of files: complete or not at all, text as UTF-8, and failures in one sentence."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from midattr_plugin.errors import InputError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_BROKEN = {errno.EFBIG, errno.EIO, errno.EROFS}
# how file systems without an operation refuse it
_REFUSALS = {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_PROBE = 2**16  # bytes; more than what file systems keep for small writes


@contextmanager
def atomic_path(path: str | os.PathLike, size: int | None = None) -> Iterator[Path]:
    """Yield a temporary path that replaces ``path`` if the block succeeds.

    The file is flushed to disk before it is renamed, so that a killed process or a power failure
    leaves either the old file or the complete new one. If the block raises, the temporary file is
    removed and ``path`` remains as it was.

    Args:
        path: the final name; its folder is created if it is missing.
        size: bytes that the file takes, for the message; None: unknown.

    Raises:
        InputError: the file cannot be written, e.g. because the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.', suffix='.tmp')
        os.close(handle)
    except OSError as error:
        raise write_error(path, error, size) from error
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, 'rb+') as file, courtesy():
            os.fsync(file.fileno())
        with courtesy():
            temporary.chmod(0o666 & ~_umask())  # mkstemp makes files that only the owner can read
        os.replace(temporary, path)
    except BaseException as error:
        cause = _cause(error, temporary)
        with suppress(OSError):
            os.truncate(temporary, 0)  # PyTorch may hold it open, with all of its blocks
            temporary.unlink(missing_ok=True)
        if cause is not None:
            raise write_error(path, cause, size) from error
        raise


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text file in UTF-8, all of it or nothing.

    Args:
        path: of the file; its folder is created if it is missing.
        text: its content; see :func:`encoded`.

    Raises:
        InputError: the file cannot be written.
    """
    write_texts({path: text})


def write_texts(texts: Mapping[str | os.PathLike, str]) -> None:
    """Write text files that belong together, each all of it or nothing.

    None is put in place before all are written, and the first one comes last. If it holds digests
    of the others, a kill in between does not go unnoticed.

    Args:
        texts: path -> content; see :func:`write_text`.

    Raises:
        InputError: one of them cannot be written.
    """
    if not texts:
        return
    (path, text), *others = texts.items()
    content = encoded(text)
    with atomic_path(path, len(content)) as temporary:
        temporary.write_bytes(content)
        write_texts(dict(others))


def encoded(text: str) -> bytes:
    """Return text in UTF-8. Parts of paths that are not text (PEP 383) are escaped."""
    return text.encode('utf-8', errors='backslashreplace')


@contextmanager
def courtesy() -> Iterator[None]:
    """Go on if a file system refuses what it does not have, e.g. modes on a mounted drive.

    A full or broken disk is not a refusal.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise


def write_error(
    path: str | os.PathLike | None, error: OSError, size: int | None = None
) -> InputError:
    """Return the sentence about a file that could not be written.

    Args:
        path: of the file; None: unknown.
        error: why.
        size: bytes that the file takes; None: unknown.
    """
    name = 'a file' if path is None else f'"{path}"'
    facts = [error.strerror or str(error)]
    if not is_write_error(error):
        return InputError(f'{name} cannot be written ({facts[0]}); choose another folder')
    if size is not None:
        facts.append(f'it takes {_megabytes(size)}')
    if error.errno == errno.ENOSPC and path is not None:
        facts.append(f'{_megabytes(_free_bytes(Path(path)))} are free')
    before = 'the file that was there' if path and os.path.isfile(path) else 'what was written'
    remedy = 'free some space, or choose' if error.errno in _FULL else 'choose'
    return InputError(
        f'{name} cannot be written ({", ".join(facts)}); {before} before is intact, so {remedy} '
        'another folder'
    )


def is_write_error(error: OSError) -> bool:
    """Return whether the disk is full or broken, and not the program."""
    return error.errno in _FULL | _BROKEN


def _cause(error: BaseException, temporary: Path) -> OSError | None:
    """Return why the file could not be written; None if something else failed.

    torch.save hides it behind an exception of another type, so that the disk is asked.
    """
    if isinstance(error, OSError):
        is_own = is_write_error(error) or error.filename in (None, str(temporary))
        return error if is_own else None
    if not isinstance(error, Exception) or isinstance(error, InputError):
        return None
    try:
        with open(temporary, 'ab') as file:
            file.write(bytes(_PROBE))
            file.flush()
            with courtesy():
                os.fsync(file.fileno())
    except OSError as cause:
        return cause
    return None


def _free_bytes(path: Path) -> int:
    """Return the free bytes in the nearest folder that exists."""
    for folder in path.absolute().parents:
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return 0


def _megabytes(size: int) -> str:
    return f'{size / 1e6:,.1f} MB' if size >= 1e5 else f'{size / 1e3:,.1f} kB'


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
