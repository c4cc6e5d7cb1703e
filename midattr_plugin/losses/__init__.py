"""The loss of the whole network (Eq. 3), those of an attribute and of features, found by name."""

from midattr_plugin.losses.attribute_loss import ATTRIBUTE_LOSSES, AttributeLoss
from midattr_plugin.losses.batch_hard_triplet_loss import BatchHardTripletLoss, check_identities
from midattr_plugin.losses.circle_loss import CircleLoss
from midattr_plugin.losses.class_balanced_loss import ClassBalancedLoss
from midattr_plugin.losses.cross_entropy import PlainAttributeLoss, masked_cross_entropy
from midattr_plugin.losses.focal_loss import FocalLoss
from midattr_plugin.losses.margin_softmax import (
    CLASSIFIERS,
    ArcFace,
    CircleSoftmax,
    CosFace,
    MarginSoftmax,
)
from midattr_plugin.losses.metric_loss import METRIC_LOSSES, MetricLoss
from midattr_plugin.losses.midattr_loss import MidAttrLoss
from midattr_plugin.losses.soft_margin_triplet_loss import SoftMarginTripletLoss
from midattr_plugin.losses.task_uncertainty import TASK_WEIGHTS, TaskUncertainty
from midattr_plugin.losses.weighted_triplet_loss import WeightedTripletLoss

__all__ = [
    'ATTRIBUTE_LOSSES',
    'CLASSIFIERS',
    'METRIC_LOSSES',
    'TASK_WEIGHTS',
    'ArcFace',
    'AttributeLoss',
    'BatchHardTripletLoss',
    'CircleLoss',
    'CircleSoftmax',
    'ClassBalancedLoss',
    'CosFace',
    'FocalLoss',
    'MarginSoftmax',
    'MetricLoss',
    'MidAttrLoss',
    'PlainAttributeLoss',
    'SoftMarginTripletLoss',
    'TaskUncertainty',
    'WeightedTripletLoss',
    'check_identities',
    'masked_cross_entropy',
]
