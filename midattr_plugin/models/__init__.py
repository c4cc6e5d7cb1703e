from midattr_plugin.models.midattr_resnet import MidAttrResNet
from midattr_plugin.models.zoo import MODELS

__all__ = ['MODELS', 'MidAttrResNet']
