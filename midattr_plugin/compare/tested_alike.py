"""How rows were tested: scores tell models apart only where that is the same."""

from collections.abc import Iterable

from yacs.config import CfgNode

from midattr_plugin.compare.plan import Run
from midattr_plugin.models.zoo import MODELS


def describe_tests(runs: Iterable[Run], compared: Iterable[tuple[str, str]]) -> list[str]:
    """Return a fact for the head of a report: how all rows were tested, or which ones how.

    It is a warning if rows that are compared were tested differently.

    Args:
        runs: of a suite; those that are finished count.
        compared: names of the rows that are compared.
    """
    ways = {run.row.name: _way(run.cfg) for run in runs if run.is_done}
    rows_of_way: dict[str, list[str]] = {}
    for row, way in ways.items():
        rows_of_way.setdefault(way, []).append(row)
    if len(rows_of_way) < 2:
        return [f'All rows: {way}.' for way in rows_of_way]
    listed = '; '.join(f'{way}: {", ".join(rows)}' for way, rows in rows_of_way.items())
    if any(ways[a] != ways[b] for a, b in compared if a in ways and b in ways):
        return [
            'TESTED DIFFERENTLY: a difference between these rows is also one of how they were '
            f'tested: {listed}.'
        ]
    return [f'Rows that are not compared were tested differently: {listed}.']


def _way(cfg: CfgNode) -> str:
    """Return how descriptors are compared, e.g. 'Euclidean distance, no re-ranking'."""
    is_cosine = cfg.test.dist_metric == 'cosine'
    is_ours = cfg.model.name in MODELS
    # this project's models normalize their features themselves, and cosines ignore the length
    is_normalized = cfg.test.normalize_feature or is_cosine or is_ours
    words = [
        'L2-normalized descriptors' if is_normalized else 'descriptors of any length',
        'cosine distance' if is_cosine else 'Euclidean distance',
        're-ranking' if cfg.test.rerank else 'no re-ranking',
    ]
    keys = cfg.midattr
    if keys.query_expansion:
        words.append(
            f'queries expanded (k {keys.query_expansion}, alpha {keys.query_expansion_alpha:g})'
        )
    if cfg.midattr.test_flip:
        words.append('each image with its mirror image')
    if cfg.cuhk03.use_metric_cuhk03:
        words.append('one gallery image per identity (CUHK03)')
    if cfg.market1501.use_500k_distractors:
        words.append('500,000 distractors')
    if is_ours and cfg.midattr.precision != 'fp32':
        words.append(f'extracted in {cfg.midattr.precision}')
    return ', '.join(words)
