"""Where the labels of a dataset come from: a file beside the images, or downloaded."""

import hashlib
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gdown

from midattr_plugin.class_marks import Marks
from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path
from midattr_plugin.schema import AttributeSchema
from midattr_plugin.user_path import user_path

IdentityLabels = dict[int, tuple[int, ...]]
"""Identity number, as in the names of the images -> m class indices, -1 where unknown."""

IdentityMarks = dict[int, Marks]
"""Identity number -> marks of the classes, one by one."""


@dataclass(frozen=True)
class AnnotationFile(ABC):
    """A file of labels by identity; a subclass reads one format.

    Attributes:
        name: name of the file.
        key: ``midattr.annotations.<key>`` is the configuration key for its path; '' for no key.
        url: where its authors published it; '' if it cannot be downloaded.
        sha256: checksum of the published file.
    """

    name: str
    key: str = ''
    url: str = ''
    sha256: str = ''

    @abstractmethod
    def read(self, path: Path, schema: AttributeSchema) -> IdentityLabels:
        """Return the labels of every annotated identity, in the order of ``schema``.

        Args:
            path: the file.
            schema: the attributes to read.

        Raises:
            InputError: the file belongs to another dataset, or is damaged.
        """

    def read_marks(self, path: Path, schema: AttributeSchema) -> IdentityMarks:
        """Return the marks of identities, in the order of ``schema``.

        Override it for a file that may mark several classes of an attribute or none, which scores
        of single classes need to know (:mod:`midattr_plugin.class_marks`). An identity without
        marks has those of its labels, and so may all, as here.

        Args:
            path: the file, which :meth:`read` has accepted.
            schema: the attributes to read.
        """
        return {}

    def find(self, folders: Sequence[str | Path], configured: str = '') -> Path:
        """Return the path of the file; a missing file is downloaded into the first folder.

        Args:
            folders: where to look for it, beside the images; in each of them also in
                ``attribute/``, where the annotators suggest to put it.
            configured: the file, or the folder that holds it; if given, the only place to look.

        Raises:
            InputError: the configured file is missing, or the file cannot be downloaded.
        """
        if configured:
            path = Path(user_path(configured, 'annotation file'))
            path = path / self.name if path.is_dir() else path
            if not path.is_file():
                place = f'midattr.annotations.{self.key}:' if self.key else 'annotation file'
                source = f'get it from {self.url}' if self.url else 'put it there'
                alternative = ', or leave the key empty' if self.key else ''
                raise InputError(f'{place} "{path}" does not exist; {source}{alternative}')
            return path
        for folder in folders:
            for path in (Path(folder, self.name), Path(folder, 'attribute', self.name)):
                if path.is_file():
                    return path
        return self._download(Path(folders[0], self.name))

    def _download(self, path: Path) -> Path:
        if not self.url:
            raise InputError(f'annotation file "{path}" is missing; put it there{self._or_set()}')
        print(f'{path.name} is not beside the images; downloading it from {self.url}')
        try:
            content = _download(self.url)
            digest = hashlib.sha256(content).hexdigest()
            if digest != self.sha256:
                raise OSError(f'the sha256 of what came is {digest} instead of {self.sha256}')
        except Exception as error:  # gdown passes on whatever its own libraries raise
            reason = ' '.join(f'{type(error).__name__}: {error}'.split())
            raise InputError(
                f'annotation file "{path}" is missing and could not be downloaded ({reason}); '
                f'download {self.url} and put it there{self._or_set()}'
            ) from error
        with atomic_path(path, len(content)) as temporary:
            temporary.write_bytes(content)
        return path

    def _or_set(self) -> str:
        """Return how to name another place, for messages."""
        return f', or set midattr.annotations.{self.key} to where you have it' if self.key else ''


def _download(url: str) -> bytes:
    # gdown leaves its unfinished files behind; here they go with the folder
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'download')
        # cookies are for Google Drive, and would be kept in the home folder
        gdown.download(url, str(path), quiet=False, use_cookies=False)
        return path.read_bytes()
