import numpy as np
import pytest
import torch

from midattr_plugin import torchreid_compat, use_fast_ranking
from midattr_plugin.engine.descriptor_ranking import (
    Ranking,
    captured_ranking,
    rank_columns,
    reid_scores,
)
from midattr_plugin.errors import InputError


def replaceable():
    metrics = torchreid_compat.metrics
    return metrics.evaluate_rank, metrics.compute_distance_matrix


@pytest.fixture
def ranking():
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    return Ranking(
        features=(torch.randn(10, 6), torch.randn(60, 6)),
        images=(
            random.integers(0, 3, 10),
            random.integers(0, 3, 60),
            random.integers(0, 4, 10),
            random.integers(0, 4, 60),
        ),
    )


def test_captures_what_torchreid_computes():
    queries, gallery = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.2], [0.3], [0.4]])
    pids, cameras = np.array([1, 2]), np.array([0, 0])
    others = np.array([2, 1, 2]), np.array([1, 1, 1])
    before = replaceable()
    with captured_ranking() as ranking:
        distances = torchreid_compat.metrics.compute_distance_matrix(queries, gallery).numpy()
        returned = torchreid_compat.metrics.evaluate_rank(
            distances, pids, others[0], cameras, others[1]
        )
    assert replaceable() == before
    # query 1 finds its match second; query 2 finds them first and third
    average_precision = [1 / 2, (1 + 2 / 3) / 2]
    assert ranking.mAP == returned[1] == pytest.approx(np.mean(average_precision))
    assert reid_scores(ranking) == {'rank-1': 0.5, 'mAP': pytest.approx(np.mean(average_precision))}
    assert ranking.features == (queries, gallery)


def test_restored_after_an_error():
    before = replaceable()
    with pytest.raises(KeyError), captured_ranking():
        raise KeyError
    assert replaceable() == before


def test_ranks_of_a_large_gallery():
    scores = reid_scores(Ranking(cmc=np.arange(50) / 50, mAP=np.float64(0.5)))
    assert scores == {'rank-1': 0.0, 'rank-5': 0.08, 'rank-10': 0.18, 'rank-20': 0.38, 'mAP': 0.5}
    assert all(type(score) is float for score in scores.values())


@pytest.mark.parametrize('memory, rows', [(81 * 4 / 2**30, 9), (80 * 4 / 2**30, 0)])
def test_blocks_only_above_the_memory(memory, rows):
    """Where blocks are ranked, there is no matrix."""
    with captured_ranking(memory):
        distances = torchreid_compat.metrics.compute_distance_matrix(
            torch.rand(9, 2), torch.rand(9, 2)
        )
    assert type(distances) is torch.Tensor
    assert distances.shape == (rows, 9)


@pytest.mark.parametrize('needs_matrix, fast', [(True, True), (False, False)])
def test_a_matrix_that_is_needed_and_too_large(needs_matrix, fast):
    features = torch.rand(9, 2)
    use_fast_ranking(fast)
    try:
        with (
            captured_ranking(80 * 4 / 2**30, needs_matrix=needs_matrix),
            pytest.raises(InputError, match='9 x 9 distances at once .* midattr.ranking_memory'),
        ):
            torchreid_compat.metrics.compute_distance_matrix(features, features)
    finally:
        use_fast_ranking()


def test_blocks_give_the_scores_of_the_matrix(ranking):
    """Through torchreid's own functions, as its engine calls them."""
    scores = []
    for memory in (1.0, 1e-7):
        with captured_ranking(memory) as captured:
            distances = torchreid_compat.metrics.compute_distance_matrix(*ranking.features)
            torchreid_compat.metrics.evaluate_rank(distances.numpy(), *ranking.images)
        scores.append(reid_scores(captured))
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'dist_metric': 'cosine'},
        {'normalize_feature': True},
        {'rerank': True},
        {'memory': 1e-7},
    ],
)
def test_columns_are_ranked_as_by_torchreid(ranking, options):
    class Data:
        train_loader = test_loader = None

    columns = slice(2, 5)
    engine = torchreid_compat.Engine(Data, use_gpu=False)
    engine.model = torch.nn.Identity()
    loaders = []
    for split in range(2):
        loaders.append(
            [
                {
                    'img': ranking.features[split][:, columns],
                    'pid': torch.from_numpy(ranking.images[split]),
                    'camid': torch.from_numpy(ranking.images[split + 2]),
                }
            ]
        )
    with captured_ranking() as expected:
        engine._evaluate('', *loaders, **{k: v for k, v in options.items() if k != 'memory'})
    part = rank_columns(ranking, columns, **options)
    np.testing.assert_allclose(part.cmc, expected.cmc, atol=1e-6)
    assert part.mAP == pytest.approx(expected.mAP, abs=1e-6)
