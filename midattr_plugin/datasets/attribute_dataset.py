"""A torchreid dataset on disk, joined to its annotation file by identity number."""

import re
from pathlib import Path

from midattr_plugin import torchreid_compat
from midattr_plugin.class_marks import Marks, check_marks
from midattr_plugin.datasets.annotation_file import AnnotationFile, IdentityLabels, IdentityMarks
from midattr_plugin.datasets.attribute_items import AttributeItemsMixin
from midattr_plugin.datasets.image_folder import IMAGE_ENDINGS, describe_left_out, list_images
from midattr_plugin.datasets.image_name import IMAGE_NAME
from midattr_plugin.datasets.matches import without_match
from midattr_plugin.datasets.rendered import is_marked
from midattr_plugin.errors import InputError
from midattr_plugin.registry import Registry

_BACKGROUND, _JUNK = 0, -1  # not persons

ATTRIBUTE_DATASETS: Registry[type[AttributeItemsMixin]] = Registry(
    'attribute dataset', 'data.sources'
)
"""Attribute datasets by the name under which torchreid knows them."""


class AttributeDatasetMixin(AttributeItemsMixin):
    """A mixin that adds attributes to an image dataset of torchreid; list it before that class.

    torchreid's class knows the folders. Training images are sorted by name and identities are
    relabeled in the order of their numbers, whereas torchreid's order is the file system's; images
    may be of any kind (.jpg, .jpeg, .png, .bmp, in any case), and the numbers in their names are
    read whole, whereas torchreid reads .jpg alone and one digit of the camera.

    A subclass declares what is known about the dataset in class attributes.

    Attributes:
        schema: the attributes of the dataset.
        annotations: the file of the labels, with its reader.
        how_to_get: what to do if the dataset is missing, as a clause.
        last_identity: largest identity number in the name of an image.
        num_cameras: largest camera number in the name of an image.
        image_name: pattern of the beginning of an image's name, with the groups ``identity`` and
            ``camera`` (counted from 1).

    Args:
        root: folder with the folders of the datasets.
        annotation_file: path of the annotation file or of its folder; '' to look for it beside
            the images and to download it if it is missing.
        **kwargs: see torchreid.
    """

    annotations: AnnotationFile
    how_to_get: str
    last_identity: int
    num_cameras: int
    image_name: re.Pattern[str] = IMAGE_NAME

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # version 0.2 called it
        for base in cls.__mro__[cls.__mro__.index(AttributeDatasetMixin) + 1 :]:
            if 'process_dir' in vars(base) and not torchreid_compat.is_torchreids(base):
                raise TypeError(
                    f'{base.__name__}.process_dir is not called if {cls.__name__} finds the '
                    'images; let find_images(folder) return what it returned'
                )

    def __init__(self, root: str = '', annotation_file: str = '', **kwargs):
        self.labels_by_path = {}
        self.marks_by_path: dict[str, Marks] = {}
        self.rendered = False
        self.annotation_file = annotation_file
        self._annotations: IdentityLabels | None = None
        self._marks: IdentityMarks = {}
        self._left_out: dict[str, list[str]] = {}
        super().__init__(root, **kwargs)
        if self.mode == 'query':  # torchreid makes one dataset per mode; once is enough
            self._check_queries()

    def download_dataset(self, dataset_dir: str, dataset_url: str | None) -> None:
        """Check that the folder exists; torchreid would make it and try a dead address.

        Args:
            dataset_dir: folder of the dataset.
            dataset_url: ignored.

        Raises:
            InputError: the folder is missing.
        """
        self.check_before_run(dataset_dir)

    def check_before_run(self, required_files: str | list[str]) -> None:
        """Check that the folders that torchreid will read exist.

        Args:
            required_files: the folders.

        Raises:
            InputError: one of them is missing.
        """
        for path in [required_files] if isinstance(required_files, str) else required_files:
            if not Path(path).is_dir():
                raise InputError(f'folder "{path}" does not exist; {self.how_to_get}')

    def process_dir(self, dir_path: str, relabel: bool = False) -> list[tuple[str, int, int]]:
        """Return (path, pid, camid) of each image, sorted by path, and keep its attributes.

        Args:
            dir_path: folder of the images.
            relabel: number the identities from 0.

        Raises:
            InputError: there is no image, a name is not one of the dataset, or an identity is
                not annotated.
        """
        data = sorted(self.find_images(dir_path))
        if not data:
            raise InputError(
                f'folder "{dir_path}" holds no image ({", ".join(IMAGE_ENDINGS)}) of a person; '
                'unpack the dataset again'
            )
        if self._annotations is None:
            self._join(Path(dir_path).parent)
        for path, pid, _ in data:
            if pid in self._annotations:
                self.labels_by_path[path] = self._annotations[pid]
                if pid in self._marks:
                    self.marks_by_path[path] = self._marks[pid]
            elif pid not in (_BACKGROUND, _JUNK):
                raise InputError(
                    f'identity {pid:04d} in "{dir_path}" is not annotated in '
                    f'"{self._annotation_path}"; use the annotation file of this dataset'
                )
        if relabel:
            pids = sorted({pid for _, pid, _ in data})
            labels = {pid: label for label, pid in enumerate(pids)}
            data = [(path, labels[pid], camid) for path, pid, camid in data]
        return data

    def find_images(self, folder: str) -> list[tuple[str, int, int]]:
        """Return (path, identity number, camera from 0) of each image of a folder but junk.

        Override it for images in another layout.

        Args:
            folder: the folder.

        Raises:
            InputError: a name is not one of the dataset.
        """
        found = list_images(folder)
        items, junk = [], []
        for path in found.images:
            identity, camera = self._parse_name(path)
            if identity == _JUNK:
                junk.append(Path(path).name)
            else:
                items.append((path, identity, camera - 1))
        lines = [
            describe_left_out(folder, found.left_out, 'not an image'),
            describe_left_out(folder, junk, 'junk of identity -1'),
        ]
        self._left_out[folder] = [line for line in lines if line]
        return items

    def show_summary(self) -> None:
        """Print torchreid's table, and what was left out of the folders that it is about."""
        super().show_summary()
        folders = list(self._left_out)  # in the order of reading, training first
        for folder in folders[:1] if self.mode == 'train' else folders[1:]:
            for line in self._left_out[folder]:
                print(f'  {line}')

    def combine_all(self) -> None:
        """Add query and gallery to the training images (``data.combineall``).

        torchreid looks up the identity of every query in the gallery.

        Raises:
            InputError: the gallery lacks the identity of a query.
        """
        in_gallery = {pid for _, pid, *_ in self.gallery}
        for path, pid, *_ in self.query:
            if pid not in in_gallery:
                raise InputError(
                    f'data.combineall: identity {pid:04d} of query "{path}" has no '
                    'image in the gallery; set it to False, or remove the query'
                )
        super().combine_all()

    def find_annotations(self, folder: Path) -> Path:
        """Return the path of the annotation file of the images below ``folder``.

        Args:
            folder: folder of the folders of images.

        Raises:
            InputError: the file is missing and cannot be downloaded.
        """
        return self.annotations.find([folder, self.dataset_dir], self.annotation_file)

    def _join(self, folder: Path) -> None:
        self._annotation_path = self.find_annotations(folder)
        self._annotations = self.annotations.read(self._annotation_path, self.schema)
        self._marks = self.annotations.read_marks(self._annotation_path, self.schema)
        for pid, marks in self._marks.items():
            check_marks(
                marks, self.schema, f'annotation file "{self._annotation_path}": identity {pid:04d}'
            )
        self.rendered = is_marked(folder, self.dataset_dir)

    def _parse_name(self, path: str) -> tuple[int, int]:
        """Return the identity and camera number in the name of an image."""
        match = self.image_name.match(Path(path).name)
        identity, camera = (int(match['identity']), int(match['camera'])) if match else (-1, 0)
        if not (-1 <= identity <= self.last_identity and 1 <= camera <= self.num_cameras):
            raise InputError(
                f'image "{path}" is not named <identity>_c<camera>... with an identity up to '
                f'{self.last_identity} and a camera from 1 to {self.num_cameras}; remove or '
                'rename it, or declare other numbers in a dataset class of your own'
            )
        return identity, camera

    def _check_queries(self) -> None:
        """Refuse queries without an image of the same identity from another camera.

        torchreid skips them silently, so that the scores would be those of a smaller test set.
        """
        alone = without_match(self.query, self.gallery)
        if alone:
            alternative = (
                'remove these queries, which count in no score'
                if len(alone) < len(self.query)
                else 'without cameras, give queries and gallery different camera numbers'
            )
            raise InputError(
                f'{len(alone)} of {len(self.query)} queries have no match from another camera in '
                f'the gallery (the first is "{alone[0]}"); unpack "query" and "bounding_box_test" '
                f'of the same dataset again, or {alternative}'
            )
