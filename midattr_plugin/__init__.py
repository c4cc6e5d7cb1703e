"""Mid-level attributes and part features for person re-identification, as a torchreid plugin.

Importing the package registers its models and datasets with torchreid::

    import torchreid, midattr_plugin
    datamanager = torchreid.data.ImageDataManager(root='reid-data', sources='market1501_attr')
    model = torchreid.models.build_model('midattr_resnet50_market', datamanager.num_train_pids)
"""

from midattr_plugin.datasets import DukeMTMCreIDAttr, Market1501Attr, MidAttrDemo
from midattr_plugin.engine import ImageMidAttrEngine
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models import MidAttrNet
from midattr_plugin.registration import register, use_fast_ranking
from midattr_plugin.schema import DUKEMTMCREID, MARKET1501, Attribute, AttributeSchema

__version__ = '0.1.0'

__all__ = [
    'DUKEMTMCREID',
    'MARKET1501',
    'Attribute',
    'AttributeSchema',
    'DukeMTMCreIDAttr',
    'ImageMidAttrEngine',
    'InputError',
    'Market1501Attr',
    'MidAttrDemo',
    'MidAttrLoss',
    'MidAttrNet',
    'register',
    'use_fast_ranking',
]

register()
