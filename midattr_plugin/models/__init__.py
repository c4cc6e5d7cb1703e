"""The architecture: backbone, branches, attribute heads (paper section 2.1)."""

from midattr_plugin.models.backbone import BACKBONES, Backbone
from midattr_plugin.models.backbones import ChainBackbone, ResNet
from midattr_plugin.models.midattr_net import MidAttrNet
from midattr_plugin.models.spec import ModelSpec
from midattr_plugin.models.zoo import MODELS, midattr_model

__all__ = [
    'BACKBONES',
    'MODELS',
    'Backbone',
    'ChainBackbone',
    'MidAttrNet',
    'ModelSpec',
    'ResNet',
    'midattr_model',
]
