"""Where the labels of a data set come from: found beside the images, or downloaded."""

import hashlib
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gdown

from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path
from midattr_plugin.schema import AttributeSchema

IdentityLabels = dict[int, tuple[int, ...]]
"""Identity number, as in the names of the images -> m class indices, -1 where unknown."""


@dataclass(frozen=True)
class AnnotationFile(ABC):
    """A file of labels by identity; a subclass reads one format.

    Attributes:
        name: of the file.
        key: ``midattr.annotations.<key>`` is the configuration key for its path; '' for none.
        url: where its authors published it; '' if it cannot be downloaded.
        sha256: of the published file.
    """

    name: str
    key: str = ''
    url: str = ''
    sha256: str = ''

    @abstractmethod
    def read(self, path: Path, schema: AttributeSchema) -> IdentityLabels:
        """Return the labels of every annotated identity, in the order of ``schema``.

        Args:
            path: of the file.
            schema: the attributes to read.

        Raises:
            InputError: the file is not of this data set, or is damaged.
        """

    def find(self, folders: Sequence[str | Path], configured: str = '') -> Path:
        """Return the path of the file; a file that is nowhere is downloaded into the first folder.

        Args:
            folders: where to look beside the images; in each of them also in ``attribute/``, where
                the annotators advise to put it.
            configured: the file, or the folder that holds it; if given, nothing else counts.

        Raises:
            InputError: the configured file is missing, or the file cannot be downloaded.
        """
        if configured:
            path = Path(configured).expanduser()
            path = path / self.name if path.is_dir() else path
            if not path.is_file():
                raise InputError(
                    f'midattr.annotations.{self.key}: "{path}" does not exist; get '
                    f'it from {self.url}, or leave the key empty'
                )
            return path
        for folder in folders:
            for path in (Path(folder, self.name), Path(folder, 'attribute', self.name)):
                if path.is_file():
                    return path
        return self._download(Path(folders[0], self.name))

    def _download(self, path: Path) -> Path:
        if not self.url:
            raise InputError(f'annotation file "{path}" is missing; put it there')
        print(f'{path.name} is not beside the images; downloading it from {self.url}')
        try:
            content = _download(self.url)
            digest = hashlib.sha256(content).hexdigest()
            if digest != self.sha256:
                raise OSError(f'the sha256 of what came is {digest} instead of {self.sha256}')
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
        except Exception as error:  # gdown passes on whatever its own libraries raise
            reason = ' '.join(f'{type(error).__name__}: {error}'.split())
            raise InputError(
                f'annotation file "{path}" is missing and could not be downloaded ({reason}); '
                f'download {self.url} and put it there, or set midattr.annotations.{self.key} to '
                'where you have it'
            ) from error
        return path


def _download(url: str) -> bytes:
    # gdown leaves its unfinished files behind; here they go with the folder
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'download')
        # cookies are for Google Drive, and would be kept in the home folder
        gdown.download(url, str(path), quiet=False, use_cookies=False)
        return path.read_bytes()
