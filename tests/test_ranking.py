import numpy as np
import pytest

from midattr_plugin import host
from midattr_plugin.engine.ranking import captured_ranking, reid_scores


def test_captures_what_the_host_computes():
    distances = np.array([[.1, .2, .3], [.3, .1, .2]])
    pids, cameras = np.array([1, 2]), np.array([0, 0])
    gallery = np.array([2, 1, 2]), np.array([1, 1, 1])
    before = host.metrics.evaluate_rank
    with captured_ranking() as ranking:
        returned = host.metrics.evaluate_rank(distances, pids, gallery[0], cameras, gallery[1])
    assert host.metrics.evaluate_rank is before
    # query 1 finds its match second; query 2 finds one second and one third
    average_precision = [1 / 2, (1 / 2 + 2 / 3) / 2]
    assert ranking['mAP'] == returned[1] == pytest.approx(np.mean(average_precision))
    scores = reid_scores(ranking)
    assert scores == {'rank-1': 0., 'mAP': pytest.approx(np.mean(average_precision))}


def test_restored_after_an_error():
    before = host.metrics.evaluate_rank
    with pytest.raises(KeyError), captured_ranking():
        raise KeyError
    assert host.metrics.evaluate_rank is before


def test_ranks_of_a_large_gallery():
    scores = reid_scores({'cmc': np.arange(50) / 50, 'mAP': np.float64(.5)})
    assert scores == {'rank-1': 0., 'rank-5': .08, 'rank-10': .18, 'rank-20': .38, 'mAP': .5}
    assert all(type(score) is float for score in scores.values())
