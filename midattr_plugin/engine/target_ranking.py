"""Ranking of a target by the whole descriptor, printed as torchreid does, and by its parts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from midattr_plugin.engine.descriptor_ranking import (
    MAX_RANK,
    Expansion,
    Ranking,
    format_reid_scores,
    rank_descriptors,
    reid_scores,
    score_line,
)
from midattr_plugin.engine.extraction import Split
from midattr_plugin.engine.results import RANKS


def rank_target(
    query: Split,
    gallery: Split,
    *,
    target: str,
    descriptor: str,
    parts: Mapping[str, slice],
    ranked_as: str = '',
    ranks: Sequence[int] = RANKS,
    normalize_feature: bool = False,
    draw: Callable[[np.ndarray], None] | None = None,
    **options,
) -> Iterator[tuple[str, Ranking]]:
    """Rank the gallery, print the scores, and draw the ranked lists of the whole descriptor.

    Args:
        query: the queries.
        gallery: the gallery.
        target: name of the dataset.
        descriptor: name of the whole descriptor.
        parts: name of a part -> its columns.
        ranked_as: what is done to the rankings; '' for nothing.
        ranks: of the CMC curve that are printed.
        normalize_feature: whether the length of descriptors is made 1 before, in place.
        draw: is given all distances (Q, G); None to draw nothing.
        **options: see :func:`rank_descriptors`.

    Yields:
        Name and ranking, without distances, of the descriptor and of its parts.
    """
    options['max_rank'] = max(MAX_RANK, *(rank for rank in ranks if rank <= len(gallery.pids)), 0)
    if normalize_feature:
        print('Normalzing features with L2 norm ...')  # in torchreid's spelling
        _normalize(query, gallery)
    ranking = _ranking(query, gallery, needs_matrix=draw is not None, say=print, **options)
    _print_scores(ranking, target, ranks, ranked_as)
    if draw is not None:
        assert ranking.distances is not None, 'they were asked for'
        draw(ranking.distances)
    ranking.distances = None  # the parts have their own
    yield descriptor, ranking
    for name, columns in parts.items():
        of_part = [
            replace(split, features=split.features[:, columns]) for split in (query, gallery)
        ]
        if normalize_feature:
            _normalize(*of_part)
        ranking = _ranking(*of_part, **options)
        ranking.distances = None
        yield name, ranking
        print(score_line(f'{name} feature alone', ranking, ranked_as))


def _normalize(*splits: Split) -> None:
    for split in splits:
        split.normalize()


def _ranking(
    query: Split, gallery: Split, *, expansion: Expansion | None = None, **options
) -> Ranking:
    """Return the ranking that the test asks for, with the scores of the plain one beside it."""
    ranking = rank_descriptors(query, gallery, expansion=expansion, **options)
    if options.get('rerank') or expansion is not None:
        options |= {'rerank': False, 'needs_matrix': False, 'say': lambda text: None}
        ranking.plain = reid_scores(rank_descriptors(query, gallery, **options))
    return ranking


def _print_scores(ranking: Ranking, target: str, ranks: Sequence[int], ranked_as: str) -> None:
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
    if ranking.plain is not None:
        print(
            f'Note: the rankings of these scores are {ranked_as}; without that: '
            f'{format_reid_scores(ranking.plain)}'
        )
