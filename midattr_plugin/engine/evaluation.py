"""torchreid's evaluation, whose results are kept as ``engine.results`` and ``metrics.json``."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.rendered import is_rendered
from midattr_plugin.distributed import broadcast, is_main, world_size
from midattr_plugin.distributed.sharding import sharded_test_loader
from midattr_plugin.engine.descriptor_ranking import (
    RANKING_OPTIONS,
    Ranking,
    captured_ranking,
    rank_columns,
    reid_scores,
)
from midattr_plugin.engine.measurements import measure
from midattr_plugin.engine.results import RANKS, Results
from midattr_plugin.random_state import preserved_random_state


class EvaluationMixin(torchreid_compat.Engine):
    """Mixed into an engine of torchreid, before it.

    Attributes:
        descriptor: name under which the descriptor that the model returns is reported.
        descriptor_slices: parts of the descriptor that are also ranked by themselves: name ->
            columns.
        ranking_memory: GiB that the distances may take; more of them are computed in blocks of
            that size.
        results: what the last ``test()`` measured.
        results_name: file in ``save_dir`` to which ``results`` are written.
        model_info: further fields of the results: 'parameters', 'multiply_adds'.
        trained_epochs: number of epochs trained.
    """

    descriptor = 'global'
    descriptor_slices: Mapping[str, slice] = MappingProxyType({})
    ranking_memory = 1.0
    results: Results | None = None
    results_name = 'metrics.json'
    model_info: Mapping[str, Any] = MappingProxyType({})
    trained_epochs = 0
    criterion: torch.nn.Module | None = None

    def test(self, *, save_dir: str = '', ranks=RANKS, **options) -> float:
        """Test all targets as torchreid does; write ``results`` to ``save_dir`` if it is given.

        The random state of training is untouched, so that how often one evaluates does not
        change what one trains. Arguments are given by name: the first one of torchreid is another.

        Args:
            save_dir: folder of the results; '' to write none.
            ranks: of the CMC curve that are printed.
            **options: see torchreid.

        Returns:
            Rank-1 of the last target.
        """
        self.results = results = Results(epoch=self.trained_epochs, **self.model_info)
        # torchreid prints beyond the end of the curve for a gallery smaller than a rank
        smallest = min(len(loaders['gallery'].dataset) for loaders in self.test_loader.values())
        ranks = [rank for rank in ranks if rank <= smallest]
        with preserved_random_state():
            rank1 = super().test(save_dir=save_dir, ranks=ranks, **options)
            results.extra |= measure(self)
        if save_dir and is_main():
            results.write(Path(save_dir) / self.results_name)
        return rank1

    @torch.no_grad()
    def _evaluate(self, dataset_name='', query_loader=None, gallery_loader=None, **options):
        assert self.results is not None, 'test() makes the results'
        rendered = is_rendered(gallery_loader.dataset)
        self.results.rendered[dataset_name] = rendered
        if rendered:
            print(
                f'Note: the images of {dataset_name} are rendered; its scores say nothing '
                'about real images'
            )
        sharded = world_size() > 1
        images = _images(query_loader, gallery_loader) if sharded else None
        if sharded:
            query_loader, gallery_loader = map(sharded_test_loader, (query_loader, gallery_loader))
        if not is_main():  # which has no distances to rank again or to draw
            options |= {'rerank': False, 'visrank': False}
        needs_matrix = bool(options.get('rerank') or options.get('visrank'))
        with captured_ranking(self.ranking_memory, images, needs_matrix) as ranking:
            rank1_and_mAP = super()._evaluate(
                dataset_name=dataset_name,
                query_loader=_with_progress(query_loader, 'query'),
                gallery_loader=_with_progress(gallery_loader, 'gallery'),
                **options,
            )
        scores = self._scores(ranking, options) if is_main() else None
        self.results.reid[dataset_name] = broadcast(scores)
        return rank1_and_mAP

    def _scores(self, ranking: Ranking, options: dict) -> dict[str, dict[str, float]]:
        """Return the scores of the descriptor and of its parts."""
        scores = {self.descriptor: reid_scores(ranking)}
        for name, columns in self.descriptor_slices.items():
            part = rank_columns(
                ranking,
                columns,
                memory=self.ranking_memory,
                **{key: options[key] for key in RANKING_OPTIONS if key in options},
            )
            scores[name] = reid_scores(part)
            print(f'{name} feature alone: ' + format_reid_scores(scores[name]))
        return scores


def _images(query_loader: DataLoader, gallery_loader: DataLoader) -> tuple[np.ndarray, ...]:
    """Return pids of queries and gallery, then their camids, in the order of the datasets."""
    (q_pids, q_camids), (g_pids, g_camids) = (
        [np.array(column) for column in list(zip(*_items(loader), strict=True))[1:3]]
        for loader in (query_loader, gallery_loader)
    )
    return q_pids, g_pids, q_camids, g_camids


def _items(loader: DataLoader) -> list[tuple]:
    dataset: Any = loader.dataset  # of torchreid
    return dataset.data


def format_reid_scores(scores: Mapping[str, float]) -> str:
    """Return a text such as 'rank-1 86.9%, ..., mAP 76.8%'."""
    return ', '.join(f'{name} {value:.1%}' for name, value in scores.items())


def _with_progress(loader: Iterable, name: str) -> Iterator:
    """Yield the batches; a generator, because a bar of tqdm shows as soon as it is made."""
    hidden = None if is_main() else True  # None: shown on a terminal, but not in a log
    yield from tqdm(loader, desc=name, unit='batch', leave=False, disable=hidden)
