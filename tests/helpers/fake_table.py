"""A table of noise images with attributes that no schema of the package has."""

import csv
from pathlib import Path

from helpers.fake_market import write_image

ATTRIBUTES = {
    'helmet': ('no', 'yes'),
    'vest': ('none', 'orange', 'red', 'white', 'yellow'),
    'gloves': ('no', 'yes'),
    'task': ('carry', 'drive', 'lift'),
    'badge': ('no', 'yes'),
    'shift': ('1', '2', '10'),
    'hat': ('no', 'yes'),
}
"""Seven attributes with their classes in order; 'hat' is one of Market-1501, too."""
TRAINED, TESTED = ('ann', 'ben', 'cem', 'dora', 'eve'), ('fay', 'gus')


def table_rows() -> list[dict[str, str]]:
    """Return the rows: each person is seen twice by each of two cameras.

    Person i of the training has class (i + k) of attribute k, so that all classes occur.
    """
    rows = []
    for number, pid in enumerate((*TRAINED, *TESTED)):
        for shot in range(4):
            split = 'train' if pid in TRAINED else 'query' if shot == 0 else 'gallery'
            rows.append(
                {
                    'path': f'crops/{pid} {shot}.png',
                    'pid': pid,
                    'camid': f'door {shot % 2 + 9}',
                    'split': split,
                }
                | {
                    name: classes[(number + k) % len(classes)]
                    for k, (name, classes) in enumerate(ATTRIBUTES.items())
                }
            )
    return rows


def write_table(folder: Path, rows: list[dict[str, str]] | None = None) -> Path:
    """Write the images and the table, and return its path.

    Args:
        folder: of the table.
        rows: None for :func:`table_rows`.
    """
    rows = table_rows() if rows is None else rows
    (folder / 'crops').mkdir(exist_ok=True)
    for number, row in enumerate(rows):
        write_image(folder / row['path'], seed=number)
    path = folder / 'people.csv'
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path
