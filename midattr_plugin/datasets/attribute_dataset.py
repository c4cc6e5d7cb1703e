"""Items with attributes, on top of the host's ``ImageDataset``.

The host unpacks its ``(path, pid, camid, dsetid)`` tuples in many places (combineall, several
sources, visrank, samplers), so they stay as they are. The attributes lie beside them, in
a table from image path to class indices, which survives every relabelling of identities.
"""

import torch
from PIL import Image, UnidentifiedImageError

from midattr_plugin import host
from midattr_plugin.errors import InputError
from midattr_plugin.schema import UNKNOWN, AttributeSchema


class AttributeItemsMixin:
    """``dataset[i]`` is the host's dict and ``attrs``: LongTensor (m,), -1 where unknown.

    Attributes:
        schema: the m attributes.
        labels_by_path: image path -> m class indices; an image without an entry has none known.
    """

    schema: AttributeSchema
    labels_by_path: dict[str, tuple[int, ...]]

    def __getitem__(self, index: int) -> dict:
        path, pid, camid, dsetid = self.data[index]
        image = read_image(path)
        if self.transform is not None:
            image = self._transform_image(self.transform, self.k_tfm, image)
        return {'img': image, 'pid': pid, 'camid': camid, 'impath': path, 'dsetid': dsetid,
                'attrs': self.labels(path)}

    def labels(self, path: str) -> torch.Tensor:
        """Class indices (m,) of the image at ``path``."""
        return torch.tensor(self.labels_by_path.get(path, [UNKNOWN] * len(self.schema)))

    def __add__(self, other: host.ImageDataset) -> 'AttributeImageDataset':
        """Both training sets as one, which knows the attributes of both.

        What a source does not annotate is unknown (-1) for its images; ``other`` may also be
        a dataset of the host without any attributes.
        """
        # The host joins and relabels, but returns a plain dataset without attributes.
        joined = super().__add__(other)
        schema, labels = self.schema, dict(self.labels_by_path)
        if isinstance(other, AttributeItemsMixin):
            schema = self.schema.union(other.schema)
            labels = _converted(labels, self.schema, schema)
            labels |= _converted(other.labels_by_path, other.schema, schema)
        return AttributeImageDataset(
            schema, labels, joined.train, joined.query, joined.gallery, transform=self.transform,
            k_tfm=self.k_tfm, mode=self.mode, combineall=False, verbose=False)


class AttributeImageDataset(AttributeItemsMixin, host.ImageDataset):
    """An attribute dataset made of lists; see ``AttributeItemsMixin`` and the host's class."""

    def __init__(self, schema: AttributeSchema, labels_by_path: dict[str, tuple[int, ...]],
                 train: list, query: list, gallery: list, **kwargs):
        self.schema = schema
        self.labels_by_path = labels_by_path
        super().__init__(train, query, gallery, **kwargs)


def read_image(path: str) -> Image.Image:
    """An RGB image. (The host's function tries a truncated file again and again, for ever.)

    Raises:
        InputError: the file is missing or broken.
    """
    try:
        with Image.open(path) as image:
            return image.convert('RGB')
    except FileNotFoundError:
        raise InputError(f'image "{path}" is missing; unpack the dataset again') from None
    except (OSError, SyntaxError, UnidentifiedImageError) as error:
        raise InputError(f'image "{path}" is truncated or not an image ({error}); unpack the '
                         'dataset again') from error


def _converted(labels: dict[str, tuple[int, ...]], schema: AttributeSchema,
               to: AttributeSchema) -> dict[str, tuple[int, ...]]:
    if not labels:
        return {}
    rows = schema.convert(torch.tensor(list(labels.values())), to=to).tolist()
    return dict(zip(labels, map(tuple, rows), strict=True))
