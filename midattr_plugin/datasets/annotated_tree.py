"""A host dataset on disk, joined to its annotation file by identity number."""

import re
import warnings
from collections import defaultdict
from pathlib import Path

from midattr_plugin.annotation_file import find_annotation_file
from midattr_plugin.annotations import read_annotations
from midattr_plugin.datasets.attribute_dataset import AttributeItemsMixin
from midattr_plugin.errors import InputError

_NAME = re.compile(r'(-?\d+)_c(\d)')  # the host's; it fails without a word about the file
MARKER = 'RENDERED.txt'


class AnnotatedTreeMixin(AttributeItemsMixin):
    """Mixed into a host dataset, before it.

    The host's class finds the files and parses their names. Training images are in the order
    of their names and identities are relabelled in the order of their numbers, where the
    host's order is the file system's.

    Attributes:
        annotation_file: path of the .mat file; empty to look beside the images, then fetch it.
        how_to_get: one clause that says how to get the dataset.
        num_cameras: cameras are numbered from 1 to this.
        rendered: whether the images are rendered instead of real.
    """

    annotation_file = ''
    how_to_get = ''
    num_cameras = 0

    def __init__(self, root='', **kwargs):
        self.labels_by_path = {}
        self.rendered = False
        self._annotations = None
        super().__init__(root=root, **kwargs)
        if self.mode == 'query':  # the host makes one dataset per mode; once is enough
            self._check_queries()

    def download_dataset(self, dataset_dir: str, dataset_url: str | None) -> None:
        """Called first by the host, whose own URLs are dead.

        Raises:
            InputError: the folder is missing.
        """
        if not Path(dataset_dir).is_dir():
            raise self._missing(dataset_dir)

    def check_before_run(self, required_files: str | list[str]) -> None:
        """Called by the host with the folders that it will read.

        Raises:
            InputError: one of them is missing.
        """
        files = [required_files] if isinstance(required_files, str) else required_files
        for path in files:
            if not Path(path).exists():
                raise self._missing(path)

    def process_dir(self, dir_path: str, relabel: bool = False) -> list[tuple[str, int, int]]:
        """(path, pid, camid) of each image, sorted by path; notes the attributes of each.

        Raises:
            InputError: there is no image, a name is not the dataset's, or an identity is
                not annotated.
        """
        self._check_names(dir_path)
        data = sorted(super().process_dir(dir_path, relabel=False))
        if not data:
            raise InputError(f'"{dir_path}" holds no image (*.jpg) of an identity; unpack the '
                             'dataset again')
        if self._annotations is None:
            self._read_annotations(Path(dir_path).parent)
        for path, pid, _ in data:
            if pid > 0:
                self.labels_by_path[path] = self._labels_of(pid, path)
        if relabel:
            new = {pid: label for label, pid in enumerate(sorted({pid for _, pid, _ in data}))}
            data = [(path, new[pid], camid) for path, pid, camid in data]
        return data

    def _read_annotations(self, folder: Path) -> None:
        self._annotation_path = find_annotation_file(
            self.schema, [folder, self.dataset_dir], self.annotation_file)
        self._annotations = read_annotations(self._annotation_path, self.schema)
        self.rendered = (folder / MARKER).exists()

    def _labels_of(self, pid: int, path: str) -> tuple[int, ...]:
        if pid not in self._annotations:
            raise InputError(f'identity {pid:04d} of image "{path}" is not annotated in '
                             f'"{self._annotation_path}"; use the annotation file of this dataset')
        return self._annotations[pid]

    def _check_names(self, dir_path: str) -> None:
        for path in Path(dir_path).glob('*.jpg'):
            match = _NAME.search(path.name)
            if match is None or not 1 <= int(match[2]) <= self.num_cameras:
                raise InputError(
                    f'image "{path}" is not named <identity>_c<camera>....jpg with a camera from '
                    f'1 to {self.num_cameras}; remove it')

    def _check_queries(self) -> None:
        """A query counts only if its identity is in the gallery, seen by another camera."""
        cameras = defaultdict(set)
        for _, pid, camid, *_ in self.gallery:
            cameras[pid].add(camid)
        alone = [path for path, pid, camid, *_ in self.query if not cameras[pid] - {camid}]
        if not alone:
            return
        message = (f'{len(alone)} of {len(self.query)} queries have no match from another camera '
                   f'in the gallery (first: "{alone[0]}")')
        if len(alone) == len(self.query):
            raise InputError(f'{message}; query and gallery folder do not belong together')
        warnings.warn(f'{message}; they are not counted', stacklevel=2)

    def _missing(self, path: str) -> InputError:
        return InputError(f'"{path}" does not exist; {self.how_to_get} (data.root is '
                          f'"{self.root}"; to try without data: data.sources "midattr_demo")')
