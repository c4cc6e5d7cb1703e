"""A model for images of 64 x 32 pixels."""

import torch

from midattr_plugin.models import BACKBONES, MidAttrNet

NUM_IDS = 5
BRANCHES = [('global', 'local'), ('global',), ('local',)]


def build(backbone='resnet18', state=None, last_stride=2, **options):
    torch.manual_seed(0)
    network = BACKBONES[backbone](state, last_stride)
    return MidAttrNet(
        **{'num_classes': NUM_IDS, 'backbone': network, 'part_rows': 2, 'part_dim': 16} | options
    )


def images(num=4, height=64, width=32):
    return torch.randn(num, 3, height, width, generator=torch.Generator().manual_seed(1))
