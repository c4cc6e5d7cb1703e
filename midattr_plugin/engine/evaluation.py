"""Evaluation by torchreid whose results are kept: as ``engine.results`` and ``metrics.json``."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from midattr_plugin.datasets.rendered import is_rendered
from midattr_plugin.distributed import broadcast, is_main, world_size
from midattr_plugin.distributed.sharding import sharded_test_loader
from midattr_plugin.engine.descriptor_ranking import (
    RANKING_OPTIONS,
    RANKS,
    FeaturesHandedOver,
    Ranking,
    captured_ranking,
    rank_columns,
    reid_scores,
)
from midattr_plugin.files import atomic_path
from midattr_plugin.random_state import preserved_random_state


class EvaluationMixin:
    """Mixed into an engine of torchreid, before it.

    ``results`` is what the last ``test()`` measured (fractions in [0, 1])::

        {'reid': {target: {descriptor: {'rank-1', 'rank-5', 'rank-10', 'rank-20', 'mAP'}}},
         'attributes': {target: {attribute | 'average': {...}}},
         'rendered': {target: bool},   # True: the images are not real
         'confusion': {target: {attribute: {'classes', 'counts'}}},  # true x predicted
         'layer_weights': {attribute: {layer: weight}},  # only of mixed layers; each of sum 1
         'task_weights': {term: factor},  # only of learned weights: of each loss, 1 at first
         'validation': of held-out training images, see ``measure_validation``,
         'epoch': number of epochs trained,
         'parameters', 'multiply_adds': whatever is in ``facts``}
    """

    descriptor = 'global'
    """Name under which the descriptor that the model returns is reported."""
    descriptor_slices: Mapping[str, slice] = MappingProxyType({})
    """Parts of the descriptor that are also ranked by themselves: name -> columns."""
    ranking_memory = 1.0
    """GiB that the distances may take; more of them are computed in blocks of that size."""
    results_name = 'metrics.json'
    """File in ``save_dir`` to which ``results`` are written."""
    facts: Mapping[str, int] = MappingProxyType({})
    """About the model, for ``results``."""
    results: dict | None = None
    trained_epochs = 0

    def test(self, save_dir: str = '', ranks=RANKS, **options) -> float:
        """As torchreid's ``test``; writes ``results`` to ``save_dir``, if there is one.

        The random state of training is untouched, so that how often one evaluates does not
        change what one trains.
        """
        self.results = {
            'reid': {},
            'attributes': {},
            'confusion': {},
            'rendered': {},
            'epoch': self.trained_epochs,
            **self.facts,
        }
        # torchreid prints beyond the end of the curve for a gallery smaller than a rank
        smallest = min(len(loaders['gallery'].dataset) for loaders in self.test_loader.values())
        ranks = [rank for rank in ranks if rank <= smallest]
        with preserved_random_state():
            rank1 = super().test(save_dir=save_dir, ranks=ranks, **options)
            self.results |= self.extra_results()
        if save_dir and is_main():
            with atomic_path(Path(save_dir) / self.results_name) as path:
                path.write_text(json.dumps(self.results, indent=2) + '\n')
        return rank1

    def extra_results(self) -> dict:
        """What else belongs into ``results``; asked for after the targets have been tested."""
        return {}

    @property
    def mean_mAP(self) -> float:
        """MAP of the model's descriptor in the last ``test()``, averaged over the targets."""
        values = [scores[self.descriptor]['mAP'] for scores in self.results['reid'].values()]
        return sum(values) / len(values)

    @torch.no_grad()
    def _evaluate(self, dataset_name='', query_loader=None, gallery_loader=None, **options):
        rendered = is_rendered(gallery_loader.dataset)
        self.results['rendered'][dataset_name] = rendered
        if rendered:
            print(
                f'Note: the images of {dataset_name} are rendered; its figures say nothing '
                'about real images'
            )
        shared = world_size() > 1
        images = _images(query_loader, gallery_loader) if shared else None
        if shared:
            query_loader, gallery_loader = map(sharded_test_loader, (query_loader, gallery_loader))
        rank1_and_mAP = scores = None
        with (
            captured_ranking(self.ranking_memory, images) as ranking,
            contextlib.suppress(FeaturesHandedOver),
        ):
            rank1_and_mAP = super()._evaluate(
                dataset_name=dataset_name,
                query_loader=_with_progress(query_loader, 'query'),
                gallery_loader=_with_progress(gallery_loader, 'gallery'),
                **options,
            )
        if is_main():
            scores = self._scores(ranking, options)
        rank1_and_mAP, scores = broadcast((rank1_and_mAP, scores))
        self.results['reid'][dataset_name] = scores
        return rank1_and_mAP

    def _scores(self, ranking: Ranking, options: dict) -> dict[str, dict[str, float]]:
        """Of the descriptor and of its parts."""
        scores = {self.descriptor: reid_scores(ranking)}
        for name, columns in self.descriptor_slices.items():
            part = rank_columns(
                ranking,
                columns,
                memory=self.ranking_memory,
                **{key: options[key] for key in RANKING_OPTIONS if key in options},
            )
            scores[name] = reid_scores(part)
            print(f'{name} feature alone: ' + format_scores(scores[name]))
        return scores


def _images(query_loader: DataLoader, gallery_loader: DataLoader) -> tuple[np.ndarray, ...]:
    """Pids of queries and gallery, then their camids, in the order of the datasets."""
    (q_pids, q_camids), (g_pids, g_camids) = (
        [np.array(column) for column in list(zip(*loader.dataset.data, strict=True))[1:3]]
        for loader in (query_loader, gallery_loader)
    )
    return q_pids, g_pids, q_camids, g_camids


def format_scores(scores: dict[str, float]) -> str:
    """As 'rank-1 86.9%, ..., mAP 76.8%'."""
    return ', '.join(f'{name} {value:.1%}' for name, value in scores.items())


def _with_progress(loader: Iterable, name: str) -> Iterator:
    """A generator, because a bar of tqdm shows from the moment that it is made."""
    yield from tqdm(loader, desc=name, unit='batch', leave=False, disable=not is_main())
