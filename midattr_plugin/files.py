"""Atomic writes: a file appears under its final name only when it is complete."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path that replaces ``path`` if the block succeeds.

    The file is flushed to disk before it is renamed, so that a killed process or a power failure
    leaves either the old file or the complete new one. If the block raises, the temporary file is
    removed and ``path`` remains as it was.

    Args:
        path: the final name; its folder is created if it is missing.

    Raises:
        OSError: the folder cannot be created or written to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.', suffix='.tmp')
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, 'rb+') as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes files that only the owner can read
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
