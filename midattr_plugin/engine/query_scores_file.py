"""The file ``query_scores.csv``: the scores of each query of a test.

It has a row per target, descriptor and query. ``metrics.json`` beside it, which is put in place
after it, has its digest, so that the two cannot be of different tests without being noticed.
"""

import csv
import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from midattr_plugin.engine.extraction import Split
from midattr_plugin.engine.results import Results
from midattr_plugin.errors import InputError
from midattr_plugin.files import encoded, write_text
from midattr_plugin.metrics import QueryScores
from midattr_plugin.user_path import user_path

_KEYS = ('target', 'descriptor', 'query')
_SCORES = {
    'pid': np.int64,
    'camid': np.int64,
    'average_precision': np.float64,
    'average_precision_zheng2015': np.float64,
    'first_rank': np.int64,
}
_COLUMNS = [*_KEYS, *_SCORES]

ScoresByDescriptor = Mapping[tuple[str, str], QueryScores]
"""(Target, descriptor) -> scores of its queries."""


def query_names(dataset: Any, split: Split, target: str) -> tuple[str, ...]:
    """Return the file names of the queries of a test; of a tracklet that of its first frame.

    Names that occur twice are given with their folders.

    Args:
        dataset: of torchreid.
        split: what the loader gave.
        target: name of the dataset, for messages.

    Raises:
        InputError: the loader gave other queries, or in another order.
    """
    expected = [(pid, camid) for _, pid, camid, *_ in dataset.data]
    if expected != list(zip(split.pids.tolist(), split.camids.tolist(), strict=True)):
        raise InputError(
            f'the loader of the query set of {target} gives its images in another order than its '
            'dataset, so that their scores would get wrong names; let it keep the order, without '
            'shuffle'
        )
    paths = [path if isinstance(path, str) else path[0] for path, *_ in dataset.data]
    names = [os.path.basename(path) for path in paths]
    if len(set(names)) < len(names):  # e.g. frame 1 in a folder of each tracklet
        folder = os.path.commonpath(paths)
        names = [os.path.relpath(path, folder) for path in paths]
    return tuple(names)


def query_scores_text(scores: ScoresByDescriptor) -> str:
    """Return the content of the file; its numbers read back exactly."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(_COLUMNS)
    for key, queries in scores.items():
        columns = (
            queries.names or [''] * len(queries.pids),
            queries.pids.tolist(),
            queries.camids.tolist(),
            queries.average_precision.tolist(),
            queries.average_precision_zheng2015.tolist(),
            queries.first_rank.tolist(),
        )
        writer.writerows((*key, *row) for row in zip(*columns, strict=True))
    return text.getvalue()


def query_scores_sha256(text: str) -> str:
    """Return the digest of the file's content, as the results hold it."""
    return hashlib.sha256(encoded(text)).hexdigest()


def write_query_scores(path: str | os.PathLike, scores: ScoresByDescriptor) -> None:
    """Write the file, all of it or nothing.

    Args:
        path: of the file.
        scores: of all targets and descriptors.

    Raises:
        InputError: it cannot be written.
    """
    write_text(user_path(path, 'query scores'), query_scores_text(scores))


def read_query_scores(
    path: str | os.PathLike, results: Results | None = None
) -> dict[tuple[str, str], QueryScores]:
    """Read the file.

    Args:
        path: of the file.
        results: what it must have been written together with; None: the results beside it, if
            there are any.

    Returns:
        (Target, descriptor) -> scores of its queries, in the order of the file.

    Raises:
        InputError: there is no such file, it is broken, or it is of another test than the results.
    """
    path = Path(user_path(path, 'query scores'))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f'query scores "{path}" cannot be read ({error.strerror}); name a query_scores.csv'
        ) from error
    beside = path.with_name(path.name.replace('query_scores', 'metrics')).with_suffix('.json')
    if results is None and beside.is_file():
        results = Results.read(beside)
    if results is not None and results.query_scores_sha256 != hashlib.sha256(content).hexdigest():
        raise InputError(
            f'query scores "{path}" were not written together with the results that they stand '
            'beside; run the test again'
        )
    try:
        return _parsed(content.decode('utf-8'))
    except (ValueError, OverflowError, csv.Error) as error:
        raise InputError(
            f'query scores "{path}" are broken ({error}); run the test again'
        ) from error


def _parsed(text: str) -> dict[tuple[str, str], QueryScores]:
    header, *rows = csv.reader(io.StringIO(text))
    if header != _COLUMNS:
        raise ValueError(f'the columns are not {", ".join(_COLUMNS)}')
    by_descriptor: dict[tuple[str, str], list[list[str]]] = {}
    for target, descriptor, *cells in rows:
        by_descriptor.setdefault((target, descriptor), []).append(cells)
    return {key: _queries(cells) for key, cells in by_descriptor.items()}


def _queries(rows: list[list[str]]) -> QueryScores:
    names, *columns = zip(*rows, strict=True)
    typed = zip(columns, _SCORES.values(), strict=True)
    pids, camids, k_over_r, trapezoid, first_rank = (np.array(*column) for column in typed)
    queries = QueryScores(
        pids, camids, k_over_r, trapezoid, first_rank, names if any(names) else ()
    )
    for precision in (queries.average_precision, queries.average_precision_zheng2015):
        is_score = (precision > 0) & (precision <= 1)
        if not np.where(queries.has_match, is_score, np.isnan(precision)).all():
            raise ValueError('an average precision does not fit its first rank')
    return queries
