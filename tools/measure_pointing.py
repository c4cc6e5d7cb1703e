"""Measures whether maps of attributes point at what they speak of, beside those of Grad-CAM.

On rendered people whom the weights have not seen, as only there it is known where things are.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from tqdm import tqdm

from midattr_plugin.command import run_command
from midattr_plugin.explain.pointing import pictures_with_items
from midattr_plugin.explain.pointing_comparison import (
    GRAD_CAM,
    METHODS,
    OURS,
    Comparison,
    compare_pointing,
)
from midattr_plugin.rendering.roster import invent_roster
from midattr_plugin.trained_model import load_model
from midattr_plugin.user_path import path_option


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--weights', type=path_option, required=True, metavar='FILE')
    parser.add_argument('--people', type=int, default=40, metavar='N', help='default: %(default)s')
    parser.add_argument(
        '--seed',
        type=int,
        default=7001,
        metavar='N',
        help='of people and cameras; other than that of the training (default: %(default)s)',
    )
    return run_command(lambda: _measure(parser.parse_args(argv)))


def _measure(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)  # steadier times; what is measured is too small for more
    model = load_model(options.weights)
    looks = invent_roster(options.seed, options.people, 1)['train']
    pictures = tqdm(pictures_with_items(looks, options.seed), 'items', unit='item')
    compared, seconds = compare_pointing(model, pictures)
    for title, rows in (
        ('all items', compared),
        ('items that are recognized', [one for one in compared if one.is_recognized]),
    ):
        print(f'\n{title}\n{table(rows)}')
    times = {method: 1000 * float(np.median(values)) for method, values in seconds.items()}
    print(
        f'\nall {len(model.schema)} maps of a picture, median of {len(seconds[OURS])}: '
        + ', '.join(f'{method} {value:.1f} ms' for method, value in times.items())
        + f' ({times[GRAD_CAM] / times[OURS]:.1f} times)'
    )


def table(rows: Sequence[Comparison]) -> str:
    """Return how often each method points at the items of each attribute, in percent."""
    lines = ['| attribute | items | chance | ' + ' | '.join(METHODS) + ' |']
    lines.append('|---|' + '---:|' * (2 + len(METHODS)))
    scores = {
        name: np.mean(
            [
                [row.chance, *(row.hits[method] for method in METHODS)]
                for row in rows
                if row.attribute == name
            ],
            axis=0,
        )
        for name in dict.fromkeys(row.attribute for row in rows)
    }
    counts = Counter(row.attribute for row in rows)
    if scores:
        scores['**mean**'] = np.mean(list(scores.values()), axis=0)
    for name, values in scores.items():
        cells = ' | '.join(f'{100 * value:.1f}' for value in values)
        lines.append(f'| {name} | {counts[name] or len(rows)} | {cells} |')
    return '\n'.join(lines)


if __name__ == '__main__':
    sys.exit(main())
