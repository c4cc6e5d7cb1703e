"""Batch normalization between a branch's feature and its classifier (not in the paper).

Source: Luo et al., "Bag of Tricks and A Strong Baseline for Deep Person Re-identification",
CVPRW 2019: BNNeck. A metric loss, as the triplet loss, takes the feature before it, and the
classifier and the descriptor take the one after it.
"""

from torch import nn


def build_bnneck(dim: int) -> nn.BatchNorm1d:
    """A layer (B, dim) -> (B, dim) that scales, but does not shift.

    A bias frozen at 0 is what the source has. This layer has none at all, which computes the
    same: torchreid makes every parameter of the model trainable at the start of each epoch, so
    that a frozen one would learn from then on.

    In training it needs 2 images or more, as all statistics of a batch of vectors do.
    """
    neck = nn.BatchNorm1d(dim)
    neck.bias = None  # older versions of PyTorch have no argument for it
    return neck
