"""The loss of the whole network (Eq. 3) and the losses of an attribute, each found by its name."""

from midattr_plugin.losses.attribute_loss import ATTRIBUTE_LOSSES, AttributeLoss
from midattr_plugin.losses.batch_hard_triplet_loss import BatchHardTripletLoss, check_identities
from midattr_plugin.losses.class_balanced_loss import ClassBalancedLoss
from midattr_plugin.losses.cross_entropy import PlainAttributeLoss, masked_cross_entropy
from midattr_plugin.losses.focal_loss import FocalLoss
from midattr_plugin.losses.midattr_loss import MidAttrLoss
from midattr_plugin.losses.task_uncertainty import TASK_WEIGHTS, TaskUncertainty

__all__ = [
    'ATTRIBUTE_LOSSES',
    'TASK_WEIGHTS',
    'AttributeLoss',
    'BatchHardTripletLoss',
    'ClassBalancedLoss',
    'FocalLoss',
    'MidAttrLoss',
    'PlainAttributeLoss',
    'TaskUncertainty',
    'check_identities',
    'masked_cross_entropy',
]
