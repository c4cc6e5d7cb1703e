from midattr_plugin.losses.class_balanced_loss import ClassBalancedLoss
from midattr_plugin.losses.cross_entropy import masked_cross_entropy
from midattr_plugin.losses.focal_loss import FocalLoss
from midattr_plugin.losses.midattr_loss import MidAttrLoss
from midattr_plugin.losses.plain_attribute_loss import PlainAttributeLoss
from midattr_plugin.losses.task_uncertainty import TaskUncertainty

__all__ = [
    'ClassBalancedLoss',
    'FocalLoss',
    'MidAttrLoss',
    'PlainAttributeLoss',
    'TaskUncertainty',
    'masked_cross_entropy',
]
