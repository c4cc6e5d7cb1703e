"""Evaluation of all targets, whose results are kept as ``engine.results`` and ``metrics.json``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

import torch
from torch.utils.data import DataLoader

from midattr_plugin.datasets.rendered import is_rendered, recipes_of_data
from midattr_plugin.distributed import broadcast, is_main
from midattr_plugin.distributed.all_cores import all_cores
from midattr_plugin.engine.descriptor_ranking import (
    Expansion,
    Ranking,
    describe_ranking,
    rank_descriptors,
    reid_scores,
    score_line,
)
from midattr_plugin.engine.extraction import Split
from midattr_plugin.engine.extraction_mixin import ExtractionMixin
from midattr_plugin.engine.measurements import measure
from midattr_plugin.engine.names_file import names_text
from midattr_plugin.engine.query_scores_file import (
    query_names,
    query_scores_sha256,
    query_scores_text,
)
from midattr_plugin.engine.ranked_lists import draw_ranked_lists
from midattr_plugin.engine.ranked_page import Answers
from midattr_plugin.engine.ranking_checks import check_distance, check_memory, check_ranks
from midattr_plugin.engine.results import RANKS, Results
from midattr_plugin.engine.target_ranking import rank_target
from midattr_plugin.files import write_texts
from midattr_plugin.metrics import QueryScores
from midattr_plugin.random_state import preserved_random_state
from midattr_plugin.user_path import user_path


class EvaluationMixin(ExtractionMixin):
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
        check_ranks(ranks)
        check_distance(dist_metric)
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
        self._restart_clock()
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
            with all_cores():
                ranked = {
                    name: replace(ranking, queries=replace(ranking.queries, names=names))
                    for name, ranking in self._rank(query, gallery, dataset_name, **options)
                }
        rankings: dict[str, Ranking] = broadcast(ranked)
        self._keep(rankings, dataset_name)
        first = rankings[self.descriptor]
        return first.cmc[0], first.mAP

    def _rank(
        self,
        query: Split,
        gallery: Split,
        target: str,
        visrank: bool = False,
        visrank_topk: int = 10,
        save_dir: str = '',
        **options,
    ) -> Iterator[tuple[str, Ranking]]:
        """Yield name and ranking of the descriptor and of its parts."""
        assert self.results is not None, 'test() makes the results'
        draw = partial(
            draw_ranked_lists,
            target=target,
            loaders=self.test_loader[target],
            datamanager=self.datamanager,
            save_dir=save_dir,
            top=visrank_topk,
            answers=self._answers,
            by=f'the {self.descriptor} descriptor',
        )
        return rank_target(
            query,
            gallery,
            target=target,
            descriptor=self.descriptor,
            parts=self.descriptor_slices,
            ranked_as=self.results.ranked_as or '',
            draw=draw if visrank else None,
            **self._ranking_options(),
            **options,
        )

    def _keep(self, rankings: Mapping[str, Ranking], target: str) -> None:
        """Keep the scores of a target, and log what is no result of torchreid."""
        assert self.results is not None, 'test() makes the results'
        self.results.reid[target] = {
            name: reid_scores(ranking) for name, ranking in rankings.items()
        }
        plain = {name: ranking.plain for name, ranking in rankings.items() if ranking.plain}
        if plain:
            self.results.reid_plain = {**(self.results.reid_plain or {}), target: plain}
        for name, ranking in rankings.items():
            self.query_scores[target, name] = ranking.queries
        if self.writer is not None:
            mAP_zheng2015 = rankings[self.descriptor].queries.mAP_zheng2015
            self.writer.add_scalar(f'Test/{target}/mAP_zheng2015', mAP_zheng2015, self.epoch)
            # not among the results: the same training gives the same ones
            tag = f'Test/{target}/images_per_second'
            self.writer.add_scalar(tag, median(self._rates), self.epoch)

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
        assert self.results is not None, 'test() makes the results'
        self._restart_clock()
        query, gallery = (
            self._extract(self.held_out_loaders[split], f'held-out {split}', 'training identities')
            for split in ('query', 'gallery')
        )
        scores = None
        if is_main():
            with all_cores():
                if normalize_feature:
                    query.normalize()
                    gallery.normalize()
                ranking = rank_descriptors(query, gallery, **self._ranking_options(), **options)
            sizes = {'identities': len(set(gallery.pids.tolist())), 'queries': len(query.pids)}
            scores = {**sizes, 'gallery': len(gallery.pids), **reid_scores(ranking)}
            print(score_line('Held-out identities', ranking, self.results.ranked_as or ''))
            if self.writer is not None:
                for name in ('rank-1', 'mAP'):
                    tag = f'Validation/{name.replace("-", "")}'
                    self.writer.add_scalar(tag, scores[name], self.epoch)
        return broadcast(scores)

    def _ranking_options(self) -> dict[str, Any]:
        return {'expansion': self.expansion, 'memory': self.ranking_memory}

    def _answers(self, dataset: Any, numbers: Sequence[int]) -> Answers:
        """Return what is predicted of some images of a dataset: nothing."""
        return {}
