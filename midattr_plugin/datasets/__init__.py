"""torchreid datasets whose items also carry attributes.

One class declares all that is known of a dataset: its schema, its annotation file with the reader
of it, and the names of its images. See docs/extending.md.
"""

from midattr_plugin.datasets.annotation_file import AnnotationFile
from midattr_plugin.datasets.attribute_dataset import ATTRIBUTE_DATASETS, AttributeDatasetMixin
from midattr_plugin.datasets.attribute_items import AttributeImageDataset, AttributeItemsMixin
from midattr_plugin.datasets.mat_file import MatFile

from midattr_plugin.datasets.market1501_attr import MARKET1501, Market1501Attr  # isort: skip
from midattr_plugin.datasets.dukemtmcreid_attr import (  # isort: skip
    DUKEMTMCREID,
    DukeMTMCreIDAttr,
)
from midattr_plugin.datasets.table_dataset import TableDataset  # isort: skip

__all__ = [
    'ATTRIBUTE_DATASETS',
    'DUKEMTMCREID',
    'MARKET1501',
    'AnnotationFile',
    'AttributeDatasetMixin',
    'AttributeImageDataset',
    'AttributeItemsMixin',
    'DukeMTMCreIDAttr',
    'Market1501Attr',
    'MatFile',
    'TableDataset',
]
