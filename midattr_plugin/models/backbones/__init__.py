"""The backbones, a file a family; importing this registers them."""

from midattr_plugin.models.backbones.resnet import ResNet  # the paper's come first

# isort: split
from midattr_plugin.models.backbones import timm_models, torchreid_models, torchvision_models

__all__ = ['ResNet', 'timm_models', 'torchreid_models', 'torchvision_models']
