"""Evaluation of all targets, whose results are kept as ``engine.results`` and ``metrics.json``."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from statistics import median
from time import perf_counter
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from tqdm import tqdm

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.rendered import is_rendered, recipes_of_data
from midattr_plugin.distributed import broadcast, is_main, world_size
from midattr_plugin.distributed.sharding import sharded_test_loader
from midattr_plugin.engine.descriptor_ranking import (
    MAX_RANK,
    Expansion,
    Ranking,
    check_memory,
    describe_ranking,
    rank_descriptors,
    reid_scores,
)
from midattr_plugin.engine.extraction import Split, extract_split
from midattr_plugin.engine.measurements import measure
from midattr_plugin.engine.names_file import names_text
from midattr_plugin.engine.query_scores_file import (
    query_names,
    query_scores_sha256,
    query_scores_text,
)
from midattr_plugin.engine.ranked_page import Answers, write_test_page
from midattr_plugin.engine.results import RANKS, Results
from midattr_plugin.errors import InputError
from midattr_plugin.files import write_texts
from midattr_plugin.metrics import DISTANCES, QueryScores
from midattr_plugin.random_state import preserved_random_state
from midattr_plugin.ranked import PAGE
from midattr_plugin.user_path import user_path


class EvaluationMixin(torchreid_compat.Engine):
    """Mixed into an engine of torchreid, before it.

    Attributes:
        descriptor: name under which the descriptor that the model returns is reported; '' for a
            model of attributes alone, which has none.
        descriptor_slices: parts of the descriptor that are also ranked by themselves: name ->
            columns, which no other part has.
        test_flip: whether the model also sees the mirror image of every image that is tested.
        expansion: query expansion of every test; None for none.
        ranking_memory: GiB that the distances may take; more of them are computed in blocks.
        results: what the last ``test()`` measured.
        results_name: file in ``save_dir`` to which ``results`` are written.
        query_scores: what it measured for each query: (target, descriptor) -> scores.
        query_scores_name: file in ``save_dir`` to which they are written.
        names_name: file in ``save_dir`` with the names of people and cameras that have any.
        model_info: further fields of the results: 'parameters', 'multiply_adds', 'started_from'.
        trained_epochs: number of epochs trained.
        held_out_loaders: 'query' and 'gallery' of held-out training identities, which are ranked at
            every test; {} for none.
        chosen_on: on what the weights were chosen; see :mod:`midattr_plugin.engine.chosen_on`.
    """

    descriptor = 'global'
    descriptor_slices: Mapping[str, slice] = MappingProxyType({})
    test_flip = False
    expansion: Expansion | None = None
    ranking_memory = 0.25
    results: Results | None = None
    results_name = 'metrics.json'
    query_scores: dict[tuple[str, str], QueryScores]
    query_scores_name = 'query_scores.csv'
    names_name = 'names.csv'
    model_info: Mapping[str, Any] = MappingProxyType({})
    trained_epochs = 0
    held_out_loaders: Mapping[str, DataLoader] = MappingProxyType({})
    chosen_on: str | None = None
    criterion: torch.nn.Module | None = None
    _rerank = False
    _rates: list[float]  # images per second, of each batch

    def run(self, *, rerank: bool = False, **options) -> None:
        """Run torchreid's pipeline; what no test of it could do is refused before the first epoch.

        Args:
            rerank: whether to re-rank in every test; torchreid would do so only if ``test_only``.
            **options: see torchreid.
        """
        self._check_test(rerank=rerank, **options)
        self._rerank = rerank
        super().run(rerank=rerank, **options)

    def test(
        self,
        *,
        save_dir: str = '',
        ranks: Sequence[int] = RANKS,
        rerank: bool | None = None,
        **options,
    ) -> float | None:
        """Test all targets as torchreid does; write what was measured to ``save_dir`` if given.

        The random state of training is untouched, so that how often one evaluates does not
        change what one trains. Arguments are given by name: the first one of torchreid is another.

        Args:
            save_dir: folder of the results; '' to write none.
            ranks: of the CMC curve that are printed.
            rerank: whether to re-rank; None: as ``run`` was told.
            **options: see torchreid.

        Returns:
            Rank-1 of the last target; None if it is not ranked.

        Raises:
            InputError: a rank is below 1, a split has no images, queries come in another order
                than in their dataset, or memory is lacking for all distances at once.
            FloatingPointError: a descriptor is not finite.
        """
        rerank = self._rerank if rerank is None else rerank
        self._check_test(ranks=ranks, rerank=rerank, **options)
        self.results = results = Results(
            epoch=self.trained_epochs,
            chosen_on=self.chosen_on,
            rendered_as=recipes_of_data(self.datamanager),
            test_flip=self.test_flip or None,
            ranked_as=describe_ranking(self.expansion, rerank) or None,
            **self.model_info,
        )
        self.query_scores = {}
        if self.test_flip:
            print('Each image is tested together with its mirror image')
        with preserved_random_state():
            rank1 = super().test(save_dir=save_dir, ranks=list(ranks), rerank=rerank, **options)
            if self.held_out_loaders:
                results.validation_identities = self._rank_held_out(rerank=rerank, **options)
            results.extra |= measure(self)
        if save_dir:
            self._write(results, Path(user_path(save_dir, 'save_dir')))
        return rank1

    def is_ranked(self, gallery_loader: Any) -> bool:
        """Return whether people are searched for in a target: who they are must be known.

        Args:
            gallery_loader: of the target.
        """
        return bool(self.descriptor) and getattr(gallery_loader.dataset, 'has_identities', True)

    def _write(self, results: Results, folder: Path) -> None:
        scores = query_scores_text(self.query_scores)
        datasets = {name: loaders['gallery'].dataset for name, loaders in self.test_loader.items()}
        names = names_text(datasets)
        results.query_scores_sha256 = query_scores_sha256(scores)
        if is_main():
            write_texts(
                {
                    folder / self.results_name: results.text(),
                    folder / self.query_scores_name: scores,
                    **({folder / self.names_name: names} if names else {}),
                }
            )

    def _check_test(
        self,
        ranks: Sequence[int] = RANKS,
        rerank: bool = False,
        visrank: bool = False,
        dist_metric: str = 'euclidean',
        **_others,
    ) -> None:
        """Check what is known before anything is extracted."""
        wrong = [
            rank
            for rank in ranks
            if not isinstance(rank, Integral) or isinstance(rank, bool) or rank < 1
        ]
        if wrong:
            raise InputError(f'test.ranks: {wrong[0]} is not a rank; give whole numbers from 1 on')
        if dist_metric not in DISTANCES:
            raise InputError(
                f'test.dist_metric: "{dist_metric}" is not one of {", ".join(DISTANCES)}'
            )
        held_out = [self.held_out_loaders] if self.held_out_loaders else []
        for loaders in [*self.test_loader.values(), *held_out]:
            sizes = [len(loaders[split].dataset) for split in ('query', 'gallery')]
            check_memory(*sizes, rerank=rerank, visrank=visrank)

    @torch.no_grad()
    def _evaluate(
        self,
        dataset_name: str = '',
        query_loader: Any = None,
        gallery_loader: Any = None,
        **options,
    ) -> tuple[float | None, float | None]:
        """Evaluate one target with torchreid's steps, functions and printed lines.

        With several processes each extracts its share, and the main process ranks.

        Returns:
            Rank-1 and mAP; None of a target that is not ranked.
        """
        assert self.results is not None, 'test() makes the results'
        rendered = is_rendered(gallery_loader.dataset)
        self.results.rendered[dataset_name] = rendered
        if rendered:
            print(
                f'Note: the images of {dataset_name} are rendered; its scores say nothing '
                'about real images'
            )
        self._batch_time = torchreid_compat.utils.AverageMeter()
        self._rates = []
        if not self.is_ranked(gallery_loader):
            print(
                f'Note: nobody is searched for in {dataset_name}, as '
                + ('its images have' if self.descriptor else 'the model was trained with')
                + ' no identities; its scores are those of the attributes'
            )
            self._extract(gallery_loader, 'gallery', dataset_name)
            return None, None
        query = self._extract(query_loader, 'query', dataset_name)
        gallery = self._extract(gallery_loader, 'gallery', dataset_name)
        print(f'Speed: {self._batch_time.avg:.4f} sec/batch')
        ranked = None
        if is_main():
            names = query_names(query_loader.dataset, query, dataset_name)
            with _all_cores():
                ranked = {
                    name: replace(ranking, queries=replace(ranking.queries, names=names))
                    for name, ranking in self._rank(query, gallery, dataset_name, **options)
                }
        rankings: dict[str, Ranking] = broadcast(ranked)
        self.results.reid[dataset_name] = {
            name: reid_scores(ranking) for name, ranking in rankings.items()
        }
        plain = {name: ranking.plain for name, ranking in rankings.items() if ranking.plain}
        if plain:
            self.results.reid_plain = {**(self.results.reid_plain or {}), dataset_name: plain}
        for name, ranking in rankings.items():
            self.query_scores[dataset_name, name] = ranking.queries
        first = rankings[self.descriptor]
        if self.writer is not None:
            mAP_zheng2015 = first.queries.mAP_zheng2015
            self.writer.add_scalar(f'Test/{dataset_name}/mAP_zheng2015', mAP_zheng2015, self.epoch)
            # not among the results: the same training gives the same ones
            tag = f'Test/{dataset_name}/images_per_second'
            self.writer.add_scalar(tag, median(self._rates), self.epoch)
        return first.cmc[0], first.mAP

    @torch.no_grad()
    def _rank_held_out(
        self,
        normalize_feature: bool = False,
        visrank: bool = False,
        visrank_topk: int = 10,
        **options,
    ) -> dict[str, float]:
        """Rank the held-out identities with the descriptor and the options of the test.

        Returns:
            The scores, and the numbers of 'identities', 'queries' and 'gallery' images.
        """
        print('##### Evaluating held-out training identities #####')
        self._batch_time = torchreid_compat.utils.AverageMeter()
        self._rates = []
        query, gallery = (
            self._extract(self.held_out_loaders[split], f'held-out {split}', 'training identities')
            for split in ('query', 'gallery')
        )
        scores = None
        if is_main():
            with _all_cores():
                if normalize_feature:
                    _normalize(query, gallery)
                options |= {'memory': self.ranking_memory, 'expansion': self.expansion}
                ranking = rank_descriptors(query, gallery, **options)
            sizes = {'identities': len(set(gallery.pids.tolist())), 'queries': len(query.pids)}
            scores = {**sizes, 'gallery': len(gallery.pids), **reid_scores(ranking)}
            ranked_as = self._ranked_as()
            print(f'Held-out identities{ranked_as}: {format_reid_scores(reid_scores(ranking))}')
            if self.writer is not None:
                for name in ('rank-1', 'mAP'):
                    tag = f'Validation/{name.replace("-", "")}'
                    self.writer.add_scalar(tag, scores[name], self.epoch)
        return broadcast(scores)

    def _extract(self, loader: DataLoader, split: str, target: str) -> Split:
        """Extract the descriptors of a split, 'query' or 'gallery', of a target."""
        print(f'Extracting features from {split} set ...')
        share = sharded_test_loader(loader) if world_size() > 1 else loader
        images: Any = loader.dataset
        extracted = extract_split(
            _with_progress(share, split), len(images), self._describe, f'{split} set of {target}'
        )
        if extracted.features.shape[1]:
            print('Done, obtained {}-by-{} matrix'.format(*extracted.features.shape))
        return extracted

    def _describe(self, data: dict) -> tuple[Tensor, Tensor, Tensor]:
        """Return descriptors, pids and camids of a batch."""
        images, pids, camids = self.parse_data_for_eval(data)
        if self.use_gpu:
            images = images.cuda(non_blocking=True)
        start = perf_counter()
        features = self.extract_features(images).cpu()  # there when the time is taken
        seconds = perf_counter() - start
        self._batch_time.update(seconds)
        self._rates.append(len(images) / seconds)
        return features, pids, camids

    def _rank(
        self,
        query: Split,
        gallery: Split,
        target: str,
        ranks: Sequence[int] = RANKS,
        normalize_feature: bool = False,
        visrank: bool = False,
        visrank_topk: int = 10,
        save_dir: str = '',
        **options,
    ) -> Iterator[tuple[str, Ranking]]:
        """Rank, print and draw as torchreid does; then rank the parts of the descriptor.

        Yields:
            Name and ranking, without distances, of the descriptor and of its parts.
        """
        max_rank = max(MAX_RANK, *(rank for rank in ranks if rank <= len(gallery.pids)), 0)
        options |= {'max_rank': max_rank, 'memory': self.ranking_memory}
        ranked_as = self._ranked_as()
        if normalize_feature:
            print('Normalzing features with L2 norm ...')  # in torchreid's spelling
            _normalize(query, gallery)
        ranking = self._ranking(query, gallery, needs_matrix=visrank, say=print, **options)
        print('** Results **')
        print(f'mAP: {ranking.mAP:.1%}')
        print(
            f'mAP_zheng2015: {ranking.queries.mAP_zheng2015:.1%} (to compare with scores from the '
            'code of Zheng et al., 2015)'
        )
        print('CMC curve')
        for rank in ranks:
            if rank <= len(ranking.cmc):
                print(f'Rank-{rank:<3}: {ranking.cmc[rank - 1]:.1%}')
        if beyond := [str(rank) for rank in ranks if rank > len(ranking.cmc)]:
            print(
                f'Note: the CMC curve of {target} ends at rank {len(ranking.cmc)}; left out: '
                f'rank {", ".join(beyond)}'
            )
        if ranking.plain is not None and self.results is not None:
            print(
                f'Note: the rankings of these scores are {self.results.ranked_as}; without that: '
                f'{format_reid_scores(ranking.plain)}'
            )
        if visrank:
            torchreid_compat.utils.visualize_ranked_results(
                ranking.distances,
                self.datamanager.fetch_test_loaders(target),
                self.datamanager.data_type,
                width=self.datamanager.width,
                height=self.datamanager.height,
                save_dir=os.path.join(save_dir, f'visrank_{target}'),
                topk=visrank_topk,
            )
            if self.datamanager.data_type == 'image':
                self._write_page(ranking.distances, target, save_dir, visrank_topk)
        ranking.distances = None  # the parts have their own
        yield self.descriptor, ranking
        for name, columns in self.descriptor_slices.items():
            parts = [replace(x, features=x.features[:, columns]) for x in (query, gallery)]
            if normalize_feature:
                _normalize(*parts)
            ranking = self._ranking(*parts, **options)
            ranking.distances = None
            yield name, ranking
            print(f'{name} feature alone{ranked_as}: {format_reid_scores(reid_scores(ranking))}')

    def _ranking(self, query: Split, gallery: Split, **options) -> Ranking:
        """Return the ranking that the test asks for, with the scores of the plain one beside it."""
        ranking = rank_descriptors(query, gallery, expansion=self.expansion, **options)
        if options.get('rerank') or self.expansion is not None:
            options |= {'rerank': False, 'needs_matrix': False, 'say': lambda text: None}
            ranking.plain = reid_scores(rank_descriptors(query, gallery, **options))
        return ranking

    def _ranked_as(self) -> str:
        """Return ' (re-ranked)' or the like, for lines with scores; '' for a plain ranking."""
        assert self.results is not None, 'test() makes the results'
        return f' ({self.results.ranked_as})' if self.results.ranked_as else ''

    def _write_page(self, distances: Any, target: str, save_dir: str, top: int) -> None:
        folder = Path(save_dir, f'visrank_{target}')
        query, gallery = (self.test_loader[target][name].dataset for name in ('query', 'gallery'))
        by = f'the {self.descriptor} descriptor'
        write_test_page(folder, distances, query, gallery, top, self._answers, by)
        print(f'Ranked lists as a page: {folder / PAGE}')

    def _answers(self, dataset: Any, numbers: Sequence[int]) -> Answers:
        """Return what is predicted of some images of a dataset: nothing."""
        return {}


def _normalize(*splits: Split) -> None:
    """Give the descriptors the length 1, in place."""
    for split in splits:
        F.normalize(split.features, out=split.features)


@contextmanager
def _all_cores() -> Iterator[None]:
    """Let PyTorch compute on all cores while the other processes wait for the main one.

    ``torchrun`` gives each process a single thread.
    """
    threads = torch.get_num_threads()
    if world_size() > 1:
        has_affinity = hasattr(os, 'sched_getaffinity')  # not on macOS
        cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
        torch.set_num_threads(max(threads, cores))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def format_reid_scores(scores: Mapping[str, float]) -> str:
    """Return a text such as 'rank-1 86.9%, ..., mAP 76.8%'."""
    return ', '.join(f'{name} {value:.1%}' for name, value in scores.items())


def _with_progress(loader: Iterable, name: str) -> Iterator:
    """Yield the batches; a generator, because a bar of tqdm shows as soon as it is made."""
    hidden = None if is_main() else True  # None: shown on a terminal, but not in a log
    yield from tqdm(loader, desc=name, unit='batch', leave=False, disable=hidden)
