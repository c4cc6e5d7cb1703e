from midattr_plugin.models.midattr_net import MidAttrNet
from midattr_plugin.models.zoo import MODELS

__all__ = ['MODELS', 'MidAttrNet']
