"""Table of the binary view of the attributes: scores as the literature on attributes gives them."""

from collections.abc import Iterable, Iterator
from statistics import fmean
from typing import Any

from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.table_cells import Table
from midattr_plugin.metrics.binary_scores import INSTANCE_SCORES, LABEL_SCORES


def attribute_tables(runs: Iterable[Run]) -> Iterator[Table]:
    """Yield the scores of the binary labels by row and target, in percent; nothing if none.

    They are means over the seeds, of the means over the labels and of the scores by image.
    """
    views: dict[tuple[str, str], list[dict[str, Any]]] = {}
    kinds = set()
    for run in runs:
        if run.is_done:
            for target, view in run.results.attributes_binary.items():
                views.setdefault((run.row.name, target), []).append(view)
                kinds.add('rendered' if run.results.rendered.get(target) else 'real')
    if views:
        yield Table(
            f'Attributes, binary view ({" and ".join(sorted(kinds))} images)',
            [
                *('row', 'target', 'labels'),
                *LABEL_SCORES,
                *(f'{name} by image' for name in INSTANCE_SCORES),
                'seeds',
            ],
            [
                [
                    *names,
                    ' or '.join(dict.fromkeys(str(len(view['labels'])) for view in seeds)),
                    *(_mean(view['mean'][name] for view in seeds) for name in LABEL_SCORES),
                    *(_mean(view['instance'][name] for view in seeds) for name in INSTANCE_SCORES),
                    str(len(seeds)),
                ]
                for names, seeds in views.items()
            ],
        )


def _mean(fractions: Iterable[float]) -> str:
    return f'{100 * fmean(fractions):.1f}'
