"""The ranking against torchreid's own Python path and against a plain reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin import torchreid_compat, use_fast_ranking
from midattr_plugin.metrics import rank_features


def images(draw_or_random, count):
    random = np.random.default_rng(draw_or_random)
    return random.integers(0, 4, count), random.integers(0, 3, count)


def reference(distances, q_pids, g_pids, q_camids, g_camids, max_rank):
    """Goes through the sorted gallery of each query; equal distances stay in their order."""
    curves, precisions = [], []
    for row, pid, camid in zip(distances, q_pids, q_camids, strict=True):
        hits = []
        for j in sorted(range(len(row)), key=lambda j: row[j]):
            if (g_pids[j], g_camids[j]) != (pid, camid):
                hits.append(g_pids[j] == pid)
        if any(hits):
            found = [place for place, hit in enumerate(hits, 1) if hit]
            precisions.append(np.mean([n / place for n, place in enumerate(found, 1)]))
            curves.append([place >= found[0] for place in range(1, max_rank + 1)])
    return np.mean(curves, 0), np.mean(precisions)


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 10**6),
    queries=st.integers(1, 6),
    gallery=st.integers(1, 30),
    levels=st.sampled_from([2, 5, 10**6]),
    max_rank=st.integers(1, 60),
)
def test_equals_plain_reference(seed, queries, gallery, levels, max_rank):
    """Few levels make many equal distances."""
    random = np.random.default_rng(seed)
    distances = random.integers(0, levels, (queries, gallery)).astype(np.float32)
    (q_pids, q_camids), (g_pids, g_camids) = images(seed, queries), images(seed + 1, gallery)
    known = any(
        (g_pids[g_camids != camid] == pid).any()
        for pid, camid in zip(q_pids, q_camids, strict=True)
    )
    arguments = distances, q_pids, g_pids, q_camids, g_camids, max_rank
    if not known:
        with pytest.raises(AssertionError, match='do not appear in gallery'):
            rank_features(*arguments)
        return
    cmc, mAP = rank_features(*arguments)
    expected_cmc, expected_mAP = reference(*arguments[:-1], min(max_rank, gallery))
    np.testing.assert_allclose(cmc, expected_cmc, atol=1e-6)
    assert mAP == pytest.approx(expected_mAP)


@pytest.fixture
def market():
    """A small gallery with distractors, as the arguments of ``evaluate_rank``."""
    random = np.random.default_rng(3)
    pids = np.concatenate([random.integers(1, 20, 300), np.zeros(100, int)])
    return (
        random.random((40, 400), np.float32),
        random.integers(1, 22, 40),
        pids,
        random.integers(0, 6, 40),
        random.integers(0, 6, 400),
    )


@pytest.fixture
def torchreids_own():
    use_fast_ranking(False)
    yield
    use_fast_ranking()


def test_equals_torchreid(market):
    cmc, mAP = torchreid_compat.metrics.evaluate_rank(*market)
    expected_cmc, expected_mAP = torchreid_compat.metrics.evaluate_rank(*market, use_cython=False)
    assert cmc.dtype == expected_cmc.dtype and cmc.shape == expected_cmc.shape == (50,)
    np.testing.assert_allclose(cmc, expected_cmc, atol=1e-6)
    assert mAP == pytest.approx(expected_mAP, abs=1e-6)


def test_torchreid_uses_it_and_can_be_told_not_to(market, monkeypatch, torchreids_own):
    calls = []
    monkeypatch.setattr(
        np,
        'argsort',
        lambda *args, sort=np.argsort, **kwargs: (
            calls.append(args[0].shape) or sort(*args, **kwargs)
        ),
    )
    torchreid_compat.metrics.evaluate_rank(*market)
    assert (40, 400) in calls  # torchreid sorts everything
    calls.clear()
    use_fast_ranking()
    torchreid_compat.metrics.evaluate_rank(*market)
    assert calls == [(400,)]  # the identities of the gallery


def test_messages_are_torchreids(market, capsys):
    distances, q_pids, g_pids, q_camids, g_camids = market
    small = distances[:, :30], q_pids, g_pids[:30], q_camids, g_camids[:30]
    nobody = distances, q_pids + 1000, g_pids, q_camids, g_camids
    for arguments in (small, nobody):
        texts = []
        for compiled in (True, False):
            try:
                torchreid_compat.metrics.evaluate_rank(*arguments, use_cython=compiled)
            except (AssertionError, ValueError) as error:
                # torchreid cannot stack curves of different lengths
                texts.append('' if isinstance(error, ValueError) else str(error))
            else:
                texts.append('')
            texts[-1] += capsys.readouterr().out
        assert texts[0] == texts[1] != ''


def test_distances_that_are_not_numbers(market):
    market[0][7, 11] = np.nan
    with pytest.raises(FloatingPointError, match='not numbers'):
        rank_features(*market)


def test_cuhk03_draws_one_image_per_identity():
    """Two wrong identities: one with an image before the match, one with 9 of 10 before it."""
    g_pids = np.array([1, 2] + [3] * 10)
    distances = np.array([[0.5, 0.1, *np.linspace(0.2, 0.4, 9), 0.9]])
    np.random.seed(0)
    curves = [
        rank_features(
            distances,
            np.array([1]),
            g_pids,
            np.array([0]),
            np.ones(12, int),
            3,
            use_metric_cuhk03=True,
        )
        for _ in range(200)
    ]
    cmc = np.mean([cmc for cmc, _ in curves], 0)
    assert cmc[0] == 0 and cmc[2] == 1
    assert cmc[1] == pytest.approx(0.1, abs=0.03)
    assert all(mAP == pytest.approx(1 / 11) for _, mAP in curves)  # over all images


def test_cuhk03_leaves_out_the_querys_camera():
    cmc, _ = rank_features(
        np.array([[0.1, 0.2, 0.3]]),
        np.array([1]),
        np.array([1, 2, 1]),
        np.array([0]),
        np.array([0, 1, 1]),
        3,
        use_metric_cuhk03=True,
    )
    assert cmc.tolist() == [0, 1, 1]
