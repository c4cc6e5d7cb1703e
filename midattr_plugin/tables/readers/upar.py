"""UPAR (Specker et al., WACV 2023), as its challenges give it: 40 attributes of three datasets.

Layout, in the folder ``data`` that the challenge's own script makes::

    phase1/train/train.csv or annotations/phase1/train/train.csv
        the first line has the names of the attributes, with "# " before the first of them, and
        mostly none for the column of the paths; further lines a path and 40 labels, 0 or 1
    Market1501/, PA100k/, PETA/                               the images

Labels of its validation and test were not published with them, so that the table has no splits.
"""

import csv
from pathlib import Path

import numpy as np

from midattr_plugin.errors import InputError
from midattr_plugin.tables.readers.annotations import (
    READERS,
    Annotations,
    chosen_partition,
    first_existing,
    unusable,
)

_FILES = ('phase1/train/train.csv', 'annotations/phase1/train/train.csv')


@READERS.register('upar')
def read_upar(root: Path, partition: int = 1) -> Annotations:
    """Return the annotations of the training images of UPAR.

    Args:
        root: its folder ``data``, or the folder of that.
        partition: 1; there is no other.

    Raises:
        InputError: a file is missing or is not as above.
    """
    places = [f'{folder}{file}' for folder in ('', 'data/') for file in _FILES]
    file = first_existing(root, places, 'annotations of UPAR')
    chosen_partition([()], partition, file)
    try:
        with open(file, newline='', encoding='utf-8-sig') as opened:
            header, *rows = [cells for cells in csv.reader(opened) if cells]
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise InputError(
            f'annotations "{file}" cannot be read ({" ".join(str(error).split())}); take the file '
            'of its authors'
        ) from error
    if not rows or {len(cells) for cells in rows} - {len(rows[0])}:
        raise unusable(file, 'no lines, or lines of different lengths')
    names = header if len(header) == len(rows[0]) - 1 else header[1:]
    if len(names) != len(rows[0]) - 1:
        raise unusable(file, f'{len(header)} names, but {len(rows[0])} cells in a line')
    try:
        labels = np.array([cells[1:] for cells in rows], dtype=float)
    except ValueError as error:
        raise unusable(file, 'labels that are not numbers') from error
    return Annotations(
        file,
        root / 'data' if file.is_relative_to(root / 'data') else root,
        [cells[0].strip() for cells in rows],
        [name.lstrip('# ').strip() for name in names],
        labels,
        {},
    )
