"""The backbones, a file a family; importing this registers them."""

from midattr_plugin.models.backbones.resnet import ResNet  # the paper's come first

# isort: split
from midattr_plugin.models.backbones import timm_models, torchreid_models, torchvision_models
from midattr_plugin.models.backbones.chain import ChainBackbone

__all__ = ['ChainBackbone', 'ResNet', 'timm_models', 'torchreid_models', 'torchvision_models']
