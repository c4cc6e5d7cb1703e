"""torchreid datasets whose items also carry attributes.

To add one: a schema in ``schema.py``, a class like ``Market1501Attr``, a line below.
"""

from midattr_plugin.datasets.attribute_dataset import AttributeDatasetMixin
from midattr_plugin.datasets.attribute_items import AttributeImageDataset
from midattr_plugin.datasets.dukemtmcreid_attr import DukeMTMCreIDAttr
from midattr_plugin.datasets.market1501_attr import Market1501Attr
from midattr_plugin.datasets.midattr_demo import MidAttrDemo

DATASETS = {
    'market1501_attr': Market1501Attr,
    'dukemtmcreid_attr': DukeMTMCreIDAttr,
    'midattr_demo': MidAttrDemo,
}

__all__ = [
    'DATASETS',
    'AttributeDatasetMixin',
    'AttributeImageDataset',
    'DukeMTMCreIDAttr',
    'Market1501Attr',
    'MidAttrDemo',
]
