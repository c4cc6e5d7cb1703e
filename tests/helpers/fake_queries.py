"""Scores of queries that are made up, and runs that have them."""

from collections.abc import Callable

import numpy as np

from helpers.fake_runs import TARGET, change_results
from midattr_plugin.compare.plan import Run
from midattr_plugin.engine.query_scores_file import query_scores_sha256, query_scores_text
from midattr_plugin.metrics.query_scores import QueryScores

DESCRIPTORS = ('fused', 'global', 'local')
PIDS = np.array([3, 3, 3, 8, 8, 5])


def made_up_queries(average_precision, pids=PIDS, first_rank=None, prefix='') -> QueryScores:
    """Return the scores of queries: of the first camera, found at first if not said otherwise."""
    average_precision = np.asarray(average_precision, float)
    found = ~np.isnan(average_precision)
    return QueryScores(
        np.asarray(pids),
        np.zeros(len(pids), int),
        average_precision,
        average_precision - 0.01,
        np.where(found, 1, 0) if first_rank is None else np.asarray(first_rank),
        names=tuple(f'{prefix}{pid}_{number}.jpg' for number, pid in enumerate(pids)),
    )


def add_queries(run: Run, queries: QueryScores | Callable[[str], QueryScores]) -> None:
    """Write the scores of queries of a finished run that has not been read, and their means.

    Args:
        run: the run.
        queries: those of all descriptors, or of one by its name.
    """
    by_descriptor = {name: queries(name) if callable(queries) else queries for name in DESCRIPTORS}

    def set_means(results):
        for name, scores in by_descriptor.items():
            results.reid[TARGET][name] = {
                'rank-1': float(np.mean(scores.first_rank[scores.first_rank > 0] == 1)),
                'mAP': float(np.nanmean(scores.average_precision)),
                'mAP_zheng2015': float(np.nanmean(scores.average_precision_zheng2015)),
            }
        results.query_scores_sha256 = query_scores_sha256(text)

    text = query_scores_text({(TARGET, name): scores for name, scores in by_descriptor.items()})
    change_results(run, set_means)
    (run.folder / 'query_scores.csv').write_text(text)
