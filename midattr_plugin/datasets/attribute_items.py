"""Dataset items with attributes, on top of torchreid's ``ImageDataset``.

torchreid unpacks its ``(path, pid, camid, dsetid)`` tuples in many places (combineall, several
sources, visrank, samplers), so they stay as they are. The attributes are kept beside them, in a
table from image path to class indices, which no relabeling of identities affects.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from midattr_plugin import torchreid_compat
from midattr_plugin.class_marks import Marks, class_names, convert_marks
from midattr_plugin.datasets.annotation_file import AnnotationFile
from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.errors import InputError
from midattr_plugin.schema import UNKNOWN, AttributeSchema

LabelTable = dict[str, tuple[int, ...]]
"""Image path -> m class indices."""


class AttributeItemsMixin:
    """A mixin that adds ``'attrs'`` to torchreid's items: LongTensor (m,), -1 where unknown.

    Attributes:
        annotations: the file of the labels, with its reader; None if there is no such file.
        model_ending: ``midattr_<backbone>_<model_ending>`` are the models that learn the
            attributes of this class of datasets; '' for no models of its own.
        schema: the m attributes.
        labels_by_path: labels of the images; those of an image without an entry are unknown.
        marks_by_path: marks of the classes, one by one, for images of which the labels do not say
            all, e.g. of two colors; those of an image without an entry are those of its labels.
        rendered: whether images, or some of them, are rendered instead of real.
        has_identities: whether it is known who is seen; if not, nobody is searched for.
    """

    has_identities = True
    annotations: AnnotationFile | None = None
    model_ending: str = ''
    schema: AttributeSchema
    labels_by_path: LabelTable
    marks_by_path: Mapping[str, Marks] = MappingProxyType({})
    rendered: bool

    def __getitem__(self, index: int) -> dict:
        """Return torchreid's dict of the item, with its attributes.

        Raises:
            InputError: the image file is missing or broken.
        """
        path, pid, camid, dsetid = self.data[index]
        image = read_image(path)
        if self.transform is not None:
            image = self._transform_image(self.transform, self.k_tfm, image)
        return {
            'img': image,
            'pid': pid,
            'camid': camid,
            'impath': path,
            'dsetid': dsetid,
            'attrs': self.labels(path),
        }

    def get_num_pids(self, data: list) -> int:
        """Return the number of identities of torchreid's items; 0 if they are not known."""
        return super().get_num_pids(data) if self.has_identities else 0  # type: ignore[misc]

    def labels(self, path: str) -> Tensor:
        """Return the class indices (m,) of the image at ``path``."""
        return torch.tensor(self.labels_by_path.get(path, (UNKNOWN,) * len(self.schema)))

    def __add__(self, other: torchreid_compat.ImageDataset) -> 'AttributeImageDataset':
        """Return both training sets as one, with the attributes of both.

        An attribute that a source does not annotate is unknown (-1) for its images; ``other`` may
        also be a dataset of torchreid, without attributes. Query and gallery are those of ``self``.

        Raises:
            InputError: a class of both is written in two ways.
        """
        # torchreid joins and relabels, but its result has neither attributes nor k_tfm.
        joined = super().__add__(other)
        schema, labels, marks = self.schema, self.labels_by_path, self.marks_by_path
        if isinstance(other, AttributeItemsMixin):
            check_same_spelling(self.schema, other.schema, 'data.sources')
            schema = self.schema.union(other.schema)
            labels = _converted(other.labels_by_path, other.schema, schema) | _converted(
                labels, self.schema, schema
            )
            marks = _converted_marks(other, schema) | _converted_marks(self, schema)
        return AttributeImageDataset(
            schema,
            labels,
            joined.train,
            joined.query,
            joined.gallery,
            rendered=self.rendered or getattr(other, 'rendered', False),
            marks_by_path=marks,
            transform=self.transform,
            k_tfm=self.k_tfm,
            mode=self.mode,
            combineall=False,
            verbose=False,
        )


class AttributeImageDataset(AttributeItemsMixin, torchreid_compat.ImageDataset):
    """An attribute dataset made of lists, like torchreid's ``ImageDataset``.

    Args:
        schema: see :class:`AttributeItemsMixin`.
        labels_by_path: see :class:`AttributeItemsMixin`.
        train: the training items, see torchreid.
        query: the query items.
        gallery: the gallery items.
        rendered: see :class:`AttributeItemsMixin`.
        marks_by_path: see :class:`AttributeItemsMixin`.
        **kwargs: see torchreid.
    """

    def __init__(
        self,
        schema: AttributeSchema,
        labels_by_path: LabelTable,
        train: list,
        query: list,
        gallery: list,
        rendered: bool = False,
        marks_by_path: Mapping[str, Marks] = MappingProxyType({}),
        **kwargs,
    ):
        self.schema = schema
        self.labels_by_path = labels_by_path
        self.marks_by_path = dict(marks_by_path)  # a proxy cannot be sent to workers
        self.rendered = rendered
        super().__init__(train, query, gallery, **kwargs)


def check_same_spelling(schema: AttributeSchema, other: AttributeSchema, key: str) -> None:
    """Check that classes of the same name are written alike, as they are matched by their names.

    Args:
        schema: the attributes of a dataset or model.
        other: those of another.
        key: configuration key that brought them together, for the message.

    Raises:
        InputError: a class differs in its case alone.
    """
    if found := schema.respelled(other):
        attribute, ours, theirs = found
        raise InputError(
            f'{key}: a class of {attribute} is "{ours}" in {schema.name}, but "{theirs}" in '
            f'{other.name}, so that they would be two; write them alike'
        )


def _converted(table: LabelTable, schema: AttributeSchema, target: AttributeSchema) -> LabelTable:
    rows = list(set(table.values()))  # many images share an identity, and so its labels
    converted = schema.convert(torch.tensor(rows).view(-1, len(schema)), target=target).tolist()
    new = dict(zip(rows, map(tuple, converted), strict=True))
    return {path: new[labels] for path, labels in table.items()}


def _converted_marks(dataset: AttributeItemsMixin, target: AttributeSchema) -> dict[str, Marks]:
    rows = list(set(dataset.marks_by_path.values()))
    marks = np.array(rows, np.int8).reshape(-1, len(class_names(dataset.schema)))
    converted = convert_marks(marks, dataset.schema, target).tolist()
    new = dict(zip(rows, map(tuple, converted), strict=True))
    return {path: new[row] for path, row in dataset.marks_by_path.items()}
