"""Finds the annotators' file, or fetches it from where they published it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import gdown

from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path
from midattr_plugin.schema import AttributeSchema


def find_annotation_file(schema: AttributeSchema, folders: Sequence[str | Path],
                         configured: str = '') -> Path:
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
            raise InputError(f'midattr.annotations.{schema.name}: "{path}" does not exist; get '
                             f'it from {schema.url}, or leave the key empty')
        return path
    for folder in folders:
        for path in (Path(folder, name), Path(folder, 'attribute', name)):
            if path.is_file():
                return path
    return _fetch(schema, Path(folders[0], name))


def _fetch(schema: AttributeSchema, path: Path) -> Path:
    print(f'{path.name} is not beside the images; fetching it from {schema.url}')
    try:
        with atomic_path(path) as temporary:
            gdown.download(schema.url, str(temporary), quiet=False)
            digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
            if digest != schema.sha256:
                raise OSError(f'its sha256 is {digest}, not {schema.sha256}')
    except Exception as error:  # gdown passes on what its own libraries raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise InputError(
            f'annotation file {path.name} could not be fetched ({type(error).__name__}: '
            f'{reason}); download it from {schema.url} and put it at "{path}", or set '
            f'midattr.annotations.{schema.name}') from error
    return path
