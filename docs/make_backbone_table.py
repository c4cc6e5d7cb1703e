"""Writes the table of costs in docs/backbones.md: ``python docs/make_backbone_table.py``."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from marked_block import write_block
from midattr_plugin.compare.suite import load_suite
from midattr_plugin.config.find import shipped_configs
from midattr_plugin.models import MODELS
from midattr_plugin.models.complexity import multiply_adds

PAGE = Path(__file__).with_name('backbones.md')
IDENTITIES = 751  # of Market-1501
SIZE = HEIGHT, WIDTH = 256, 128
PART_ROWS = HEIGHT // 32  # as in configs/compare/backbones.yaml
_ONE_BRANCH = {'branches': ('global',), 'descriptor': 'global'}


def backbones() -> list[str]:
    """Return the names of the backbones of ``backbones.yaml``."""
    [path] = [path for path in shipped_configs('compare') if path.name == 'backbones.yaml']
    return [row.name for row in load_suite(path).rows if row.baseline]


def build(model: str, **options: Any) -> nn.Module:
    """Return a model whose weights have no values, which take time and are not counted."""
    options |= {'loss': 'midattr', 'pretrained': False, 'image_size': SIZE}
    try:
        with torch.device('meta'):
            return MODELS[model](IDENTITIES, **options)
    except NotImplementedError:  # RegNet computes its widths with tensors
        return MODELS[model](IDENTITIES, **options).to('meta')


def costs(backbone: str) -> list[tuple[float, float]]:
    """Return millions of parameters, and 10^9 multiply-adds of an image of 256 x 128 pixels.

    Returns:
        Of the backbone with one branch, of the same with attributes, and of both branches with
        attributes.
    """
    models = (
        build(f'midattr_{backbone}', **_ONE_BRANCH),
        build(f'midattr_{backbone}_market', **_ONE_BRANCH),
        build(f'midattr_{backbone}_market', part_rows=PART_ROWS),
    )
    return [
        (
            sum(parameter.numel() for parameter in model.parameters()) / 1e6,
            multiply_adds(model, *SIZE) / 1e9,
        )
        for model in models
    ]


def cost_row(backbone: str) -> str:
    """Return the line of a backbone."""
    measured = costs(backbone)
    cells = [f'{parameters:.2f} M, {adds:.3f} G' for parameters, adds in measured]
    factor = measured[-1][1] / measured[0][1]
    return f'| `{backbone}` | {" | ".join(cells)} | {factor:.2f}x |'


def cost_table() -> str:
    """Return the costs of the backbones as a Markdown table."""
    lines = [
        '| backbone | one branch, no attributes | one branch, attributes '
        '| both branches, attributes | both over one |',
        '|---|---|---|---|---|',
    ]
    lines += [cost_row(backbone) for backbone in backbones()]
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    write_block(PAGE, 'costs', cost_table())
