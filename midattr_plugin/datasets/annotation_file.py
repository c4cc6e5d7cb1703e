"""Finds the annotators' file, or fetches it from where they published it."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import gdown

from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path
from midattr_plugin.schema import AttributeSchema


def find_annotation_file(
    schema: AttributeSchema, folders: Sequence[str | Path], configured: str = ''
) -> Path:
    """Path of the annotation file of a dataset.

    Args:
        folders: where to look beside the images; in each of them also in ``attribute/``, where
            the annotators advise to put it. A file that is nowhere is fetched into the first.
        configured: the file, or the folder that holds it; if given, nothing else counts.

    Raises:
        InputError: the configured file is missing, or the file cannot be fetched.
    """
    name = f'{schema.mat_name}.mat'
    if configured:
        path = Path(configured).expanduser()
        path = path / name if path.is_dir() else path
        if not path.is_file():
            raise InputError(
                f'midattr.annotations.{schema.name}: "{path}" does not exist; get '
                f'it from {schema.url}, or leave the key empty'
            )
        return path
    for folder in folders:
        for path in (Path(folder, name), Path(folder, 'attribute', name)):
            if path.is_file():
                return path
    return _fetch(schema, Path(folders[0], name))


def _fetch(schema: AttributeSchema, path: Path) -> Path:
    print(f'{path.name} is not beside the images; fetching it from {schema.url}')
    try:
        content = _download(schema.url)
        digest = hashlib.sha256(content).hexdigest()
        if digest != schema.sha256:
            raise OSError(f'the sha256 of what came is {digest} instead of {schema.sha256}')
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    except Exception as error:  # gdown passes on whatever its own libraries raise
        reason = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise InputError(
            f'annotation file "{path}" is missing and could not be fetched ({reason}); download '
            f'{schema.url} and put it there, or set midattr.annotations.{schema.name} to where '
            'you have it'
        ) from error
    return path


def _download(url: str) -> bytes:
    # gdown leaves its unfinished files behind; here they go with the folder
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'download')
        # cookies are for Google Drive, and would be kept in the home folder
        gdown.download(url, str(path), quiet=False, use_cookies=False)
        return path.read_bytes()
