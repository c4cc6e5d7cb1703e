"""Tables of the weights that rows have learned: of layers, and of losses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from midattr_plugin.compare.plan import Run
from midattr_plugin.compare.table import Table


def learned_tables(runs: Iterable[Run]) -> Iterator[Table]:
    """Of the runs that are done, means over the seeds; none where nothing is learned."""
    layers, factors = _of_rows(runs, 'layer_weights'), _of_rows(runs, 'task_weights')
    for row, seeds in layers.items():
        names = list(next(iter(seeds[0].values())))
        yield Table(
            f'Learned mixture of layers: {row}',
            ['attribute', *names],
            [
                [
                    attribute,
                    *(f'{np.mean([of[attribute][name] for of in seeds]):.3f}' for name in names),
                ]
                for attribute in seeds[0]
            ],
        )
    if factors:
        losses = dict.fromkeys(name for seeds in factors.values() for name in seeds[0])
        yield Table(
            'Learned factors of the losses (1 at first)',
            ['loss', *factors],
            [
                [
                    loss,
                    *(
                        f'{np.mean([of[loss] for of in seeds]):.3f}' if loss in seeds[0] else ''
                        for seeds in factors.values()
                    ),
                ]
                for loss in losses
            ],
        )


def _of_rows(runs: Iterable[Run], key: str) -> Mapping[str, Sequence[dict]]:
    """Row -> what each of its seeds has under ``key``."""
    found: dict[str, list[dict]] = {}
    for run in runs:
        if run.is_done and key in run.results:
            found.setdefault(run.row.name, []).append(run.results[key])
    return found
