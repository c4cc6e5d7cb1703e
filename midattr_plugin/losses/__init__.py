from midattr_plugin.losses.masked_cross_entropy import masked_cross_entropy
from midattr_plugin.losses.midattr_loss import MidAttrLoss

__all__ = ['MidAttrLoss', 'masked_cross_entropy']
