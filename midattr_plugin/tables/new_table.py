"""Writes a table, for whatever finds out what is in it."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from midattr_plugin.files import write_text
from midattr_plugin.user_path import user_path


def write_new_table(
    path: str | os.PathLike,
    images: str | os.PathLike,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
) -> int:
    """Write a table, all of it or nothing, and return the number of its rows.

    Args:
        path: of the table.
        images: folder to which the paths of the rows are relative.
        columns: names of the columns behind ``path``.
        rows: path of the image, and the cells of the columns.

    Raises:
        InputError: it cannot be written.
    """
    base = os.path.relpath(user_path(images, 'the folder'), Path(path).absolute().parent)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['path', *columns])
    count = 0
    for image, *cells in rows:
        writer.writerow([os.path.normpath(os.path.join(base, image)), *cells])
        count += 1
    write_text(path, text.getvalue())
    return count
