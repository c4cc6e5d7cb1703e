"""Mid-level attributes and part features for person re-identification, as a torchreid plugin.

Importing the package registers its models and datasets with torchreid::

    import torchreid, midattr_plugin
    datamanager = torchreid.data.ImageDataManager(root='reid-data', sources='market1501_attr')
    model = torchreid.models.build_model('midattr_resnet50_market', datamanager.num_train_pids)

A trained model needs nothing but its checkpoint::

    model = midattr_plugin.load_model('log/midattr_market/model/model.pth.tar-last')
"""

from midattr_plugin.datasets import (
    ATTRIBUTE_DATASETS,
    DUKEMTMCREID,
    MARKET1501,
    DukeMTMCreIDAttr,
    Market1501Attr,
)
from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.engine import MEASUREMENTS, ImageMidAttrEngine, Results
from midattr_plugin.errors import InputError
from midattr_plugin.losses import (
    ATTRIBUTE_LOSSES,
    METRIC_LOSSES,
    AttributeLoss,
    MetricLoss,
    MidAttrLoss,
)
from midattr_plugin.midattr_demo import MidAttrDemo, MidAttrOthers, MidAttrStreet
from midattr_plugin.models import BACKBONES, Backbone, ChainBackbone, MidAttrNet
from midattr_plugin.registration import register, use_fast_ranking, use_own_image_reader
from midattr_plugin.schema import Attribute, AttributeSchema
from midattr_plugin.trained_model import load_model

__version__ = '0.6.0'

__all__ = [
    'ATTRIBUTE_DATASETS',
    'ATTRIBUTE_LOSSES',
    'BACKBONES',
    'DUKEMTMCREID',
    'MARKET1501',
    'MEASUREMENTS',
    'METRIC_LOSSES',
    'Attribute',
    'AttributeLoss',
    'AttributeSchema',
    'Backbone',
    'ChainBackbone',
    'DukeMTMCreIDAttr',
    'ImageMidAttrEngine',
    'InputError',
    'Market1501Attr',
    'MetricLoss',
    'MidAttrDemo',
    'MidAttrOthers',
    'MidAttrLoss',
    'MidAttrNet',
    'MidAttrStreet',
    'Results',
    'load_model',
    'read_image',
    'register',
    'use_fast_ranking',
]

register()
use_fast_ranking()
use_own_image_reader()
