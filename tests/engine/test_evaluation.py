"""Evaluation against torchreid's own engine: numbers, printed lines and drawn lists."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from helpers import slow_ranking
from helpers.stub_targets import datamanager, descriptors, with_model
from midattr_plugin import torchreid_compat, use_fast_ranking
from midattr_plugin.engine import (
    TrackedVideoSoftmaxEngine,
    TrackedVideoTripletEngine,
    ranking_checks,
    torchreid_engines,
)
from midattr_plugin.engine.descriptor_ranking import Expansion
from midattr_plugin.engine.evaluation import EvaluationMixin
from midattr_plugin.engine.query_scores_file import read_query_scores
from midattr_plugin.engine.results import Results
from midattr_plugin.errors import InputError
from midattr_plugin.metrics import expand_queries


class Ours(EvaluationMixin, torchreid_compat.Engine):
    pass


class WithParts(Ours):
    descriptor = 'whole'
    descriptor_slices = {'first': slice(0, 2), 'second': slice(2, 6)}


def targets(num_gallery=60, identities=3):
    return descriptors(10, seed=1, identities=identities), descriptors(
        num_gallery, seed=2, identities=identities
    )


def evaluated(kind, data, capsys, **options):
    """Rank-1 and mAP of the target, and the lines that were printed."""
    engine = with_model(kind(data, use_gpu=False))
    found = []
    evaluate = engine._evaluate
    engine._evaluate = lambda **arguments: found.append(evaluate(**arguments)) or found[-1]
    np.random.seed(0)
    engine.test(**options)
    printed = capsys.readouterr().out
    assert len(re.findall(r'^Speed: \d+\.\d{4} sec/batch$', printed, re.M)) == 1
    return found, re.sub('Speed: .*', '', printed), engine


def without_own_line(lines, engine):
    """What torchreid prints, too: all but the other mAP and, re-ranked, the scores without that."""
    [own] = re.findall('^mAP_zheng2015: .*\n', lines, re.M)
    scores = engine.results.reid['stub'][engine.descriptor]
    assert own.startswith(f'mAP_zheng2015: {scores["mAP_zheng2015"]:.1%} (to compare with scores')
    assert f'\nmAP: {scores["mAP"]:.1%}\n{own}' in lines
    notes = re.findall('^Note: the rankings of these scores are .*\n', lines, re.M)
    assert len(notes) == (engine.results.ranked_as is not None)
    return lines.replace(own, '').replace(''.join(notes), '')


@pytest.fixture(params=[True, False], ids=['fast', "torchreid's ranking"])
def ranking(request):
    use_fast_ranking(request.param)
    yield
    use_fast_ranking()


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'dist_metric': 'cosine'},
        {'normalize_feature': True},
        {'rerank': True},
        {'use_metric_cuhk03': True},
        {'ranks': [1, 3, 50]},
        {'dist_metric': 'cosine', 'normalize_feature': True, 'rerank': True},
    ],
    ids=str,
)
def test_equals_torchreids_engine(capsys, ranking, options):
    data = datamanager(*targets(400, identities=25))  # for 20 ranks of identities
    expected, lines, _ = evaluated(torchreid_compat.Engine, data, capsys, **options)
    found, own_lines, engine = evaluated(Ours, data, capsys, **options)
    assert found == expected
    assert without_own_line(own_lines, engine) == lines
    scores = engine.results.reid['stub']['global']
    assert (np.float32(scores['rank-1']), scores['mAP']) == expected[0]


def slow_scores(query, gallery, options):
    """k/r, trapezoid and first rank of each query, from torchreid's distances."""
    features = query.features, gallery.features
    if options.get('normalize_feature'):
        features = [nn.functional.normalize(x) for x in features]
    pairs = [features, (features[0], features[0]), (features[1], features[1])]
    metric = options.get('dist_metric', 'euclidean')
    distances, *others = (
        torchreid_compat.metrics.compute_distance_matrix(*pair, metric).numpy() for pair in pairs
    )
    if options.get('rerank'):
        distances = torchreid_compat.utils.re_ranking(distances, *others)
    hits = [
        slow_ranking.kept_hits(row, pid, camid, gallery.pids, gallery.camids)
        for row, pid, camid in zip(distances, query.pids, query.camids, strict=True)
    ]
    kinds = (
        slow_ranking.average_precision,
        slow_ranking.average_precision_zheng2015,
        slow_ranking.first_rank,
    )
    return [[kind(row) for row in hits] for kind in kinds]


@pytest.mark.parametrize(
    'options',
    [{}, {'rerank': True}, {'use_metric_cuhk03': True}, {'normalize_feature': True}],
    ids=str,
)
@pytest.mark.parametrize('memory', [0.25, 1e-9], ids=['whole', 'in blocks'])
def test_scores_of_each_query(capsys, monkeypatch, ranking, options, memory):
    monkeypatch.setattr(Ours, 'ranking_memory', memory)
    query, gallery = targets(400, identities=25)
    *_, engine = evaluated(Ours, datamanager(query, gallery), capsys, **options)
    assert list(engine.query_scores) == [('stub', 'global')]
    scores = engine.query_scores['stub', 'global']
    k_over_r, trapezoid, first_rank = slow_scores(query, gallery, options)
    np.testing.assert_allclose(scores.average_precision, k_over_r, rtol=0, atol=1e-9)
    np.testing.assert_allclose(scores.average_precision_zheng2015, trapezoid, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(scores.first_rank, first_rank)
    assert (scores.pids.tolist(), scores.camids.tolist()) == (query.pids, query.camids)
    assert scores.names == tuple(f'{i}.jpg' for i in range(10))
    found = engine.results.reid['stub']['global']
    assert found['mAP'] == pytest.approx(np.nanmean(k_over_r), abs=1e-9)
    assert found['mAP_zheng2015'] == pytest.approx(np.nanmean(trapezoid), abs=1e-9)


def test_scores_of_each_query_are_written_for_all_descriptors(tmp_path):
    data = datamanager(*targets())
    other = datamanager(descriptors(4, seed=5), descriptors(60))
    data.test_loader['other'] = other.test_loader['stub']
    engine = with_model(WithParts(data, use_gpu=False))
    engine.test(save_dir=str(tmp_path))
    read = read_query_scores(tmp_path / 'query_scores.csv')
    names = 'whole', 'first', 'second'
    assert list(read) == [(target, name) for target in ('stub', 'other') for name in names]
    for (target, name), scores in read.items():
        assert scores.mAP == engine.results.reid[target][name]['mAP']
        assert scores.mAP_zheng2015 == engine.results.reid[target][name]['mAP_zheng2015']
    assert Results.read(tmp_path / 'metrics.json') == engine.results


def test_a_loader_that_shuffles_queries_is_refused():
    """Names are those of the dataset's order."""
    query, gallery = targets()
    data = datamanager(query, gallery)
    data.test_loader['stub']['query'] = DataLoader(query, 7, sampler=range(9, -1, -1))
    engine = with_model(Ours(data, use_gpu=False))
    with pytest.raises(InputError, match='query set of stub gives its images in another order'):
        engine.test()


def test_the_other_mAP_is_an_event(capsys):
    engine = with_model(Ours(datamanager(*targets()), use_gpu=False))
    events = {}
    engine.writer = SimpleNamespace(
        add_scalar=lambda tag, value, step: events.update({tag: (value, step)})
    )
    engine.epoch = 4
    engine.test()
    scores = engine.results.reid['stub']['global']
    for name in ('mAP', 'mAP_zheng2015'):
        assert events[f'Test/stub/{name}'] == (scores[name], 4)
    assert events['Test/stub/images_per_second'][0] > 0


@pytest.mark.parametrize('metric', ['euclidean', 'cosine'])
def test_blocks_give_the_scores_of_the_matrix(capsys, monkeypatch, metric):
    data = datamanager(*targets())
    expected, lines, _ = evaluated(Ours, data, capsys, dist_metric=metric)
    monkeypatch.setattr(Ours, 'ranking_memory', 60 * 4 * 3 / 2**30)  # of three queries
    monkeypatch.setattr(
        torchreid_compat.metrics, 'compute_distance_matrix', lambda *arguments: 1 / 0
    )
    found, own_lines, _ = evaluated(Ours, data, capsys, dist_metric=metric)
    assert found[0] == pytest.approx(expected[0], abs=1e-6)
    assert own_lines == lines


WAYS = {
    're-ranked': (None, True),
    'expanded (k 5, alpha 3)': (Expansion(5, 3.0), False),
    'expanded (k 2, alpha 0), re-ranked': (Expansion(2, 0.0), True),
}


@pytest.mark.parametrize('metric', ['euclidean', 'cosine'])
@pytest.mark.parametrize('ranked_as', WAYS)
def test_other_rankings_are_called_so(capsys, tmp_path, metric, ranked_as):
    """Of each descriptor both scores are kept, and the lines say which ones they are."""
    expansion, rerank = WAYS[ranked_as]
    query, gallery = targets(60)
    data = datamanager(query, gallery)
    *_, plain = evaluated(WithParts, data, capsys, dist_metric=metric)
    assert plain.results.ranked_as is None and plain.results.reid_plain is None
    engine = with_model(WithParts(data, use_gpu=False))
    engine.expansion = expansion
    engine.test(dist_metric=metric, rerank=rerank, save_dir=str(tmp_path))
    results = engine.results
    assert results.ranked_as == ranked_as and results.reid_plain == plain.results.reid
    assert results.reid['stub'] != plain.results.reid['stub']
    assert Results.read(tmp_path / 'metrics.json') == results
    printed = capsys.readouterr().out
    assert f'Note: the rankings of these scores are {ranked_as}; without that: ' in printed
    for name, columns in {'whole': slice(0, 6), **engine.descriptor_slices}.items():
        features = [split.features[:, columns] for split in (query, gallery)]
        if expansion is not None:
            expanded = expand_queries(*features, expansion.k, expansion.alpha, metric, 1e9)
            features[0] = expanded
        pairs = [features, (features[0], features[0]), (features[1], features[1])]
        distances, *others = (
            torchreid_compat.metrics.compute_distance_matrix(*pair, metric).numpy()
            for pair in pairs
        )
        if rerank:
            distances = torchreid_compat.utils.re_ranking(distances, *others)
        hits = [
            slow_ranking.kept_hits(row, pid, camid, gallery.pids, gallery.camids)
            for row, pid, camid in zip(distances, query.pids, query.camids, strict=True)
        ]
        expected = np.mean([slow_ranking.average_precision(row) for row in hits])
        assert results.reid['stub'][name]['mAP'] == pytest.approx(expected, abs=1e-9)
        assert engine.query_scores['stub', name].mAP == pytest.approx(expected, abs=1e-9)
        if name != 'whole':
            assert f'{name} feature alone ({ranked_as}): ' in printed


@pytest.mark.parametrize('pooling', ['avg', 'max'])
@pytest.mark.parametrize(
    'kind, own',
    [
        (torchreid_compat.VideoSoftmaxEngine, TrackedVideoSoftmaxEngine),
        (torchreid_compat.VideoTripletEngine, TrackedVideoTripletEngine),
    ],
)
def test_tracklets_as_torchreid(capsys, monkeypatch, kind, own, pooling):
    monkeypatch.setattr(torchreid_engines, 'check_data', lambda datamanager: None)
    data = datamanager(*(descriptors(n, (4, 3, 2, 1), seed=n) for n in (9, 55)))
    results = []
    for engine_kind in (kind, own):

        def build(data, use_gpu, kind=engine_kind):
            model = nn.Flatten()
            return kind(data, model, None, use_gpu=use_gpu, pooling_method=pooling)

        results.append(evaluated(build, data, capsys))
    (expected, lines, _), (found, own_lines, engine) = results
    assert found == expected
    assert without_own_line(own_lines, engine) == lines
    assert len(engine.query_scores['stub', 'global'].names) == 9


@pytest.mark.parametrize(
    'options',
    [{}, {'dist_metric': 'cosine'}, {'normalize_feature': True}, {'rerank': True}],
    ids=str,
)
def test_parts_are_ranked_as_by_torchreid(capsys, options):
    query, gallery = targets()
    *_, engine = evaluated(WithParts, datamanager(query, gallery), capsys, **options)
    scores = engine.results.reid['stub']
    assert list(scores) == ['whole', 'first', 'second']
    for name, columns in engine.descriptor_slices.items():
        parts = [descriptors(len(split)) for split in (query, gallery)]
        for part, split in zip(parts, (query, gallery), strict=True):
            part.features = split.features[:, columns]
            part.pids, part.camids = split.pids, split.camids
        found, _, _ = evaluated(torchreid_compat.Engine, datamanager(*parts), capsys, **options)
        assert (scores[name]['rank-1'], scores[name]['mAP']) == pytest.approx(found[0], abs=1e-6)


def test_ranked_lists_are_drawn_as_by_torchreid(capsys, monkeypatch, tmp_path):
    drawn = []

    def draw(distances, *others, **options):
        drawn.append((distances.tobytes(), others, options))

    for module in (torchreid_compat.utils, torchreid_compat.engine.engine):
        monkeypatch.setattr(module, 'visualize_ranked_results', draw)
    monkeypatch.setattr(Ours, 'ranking_memory', 1e-9)  # which drawing does not heed
    data = datamanager(*targets())
    for kind in (torchreid_compat.Engine, Ours):
        evaluated(kind, data, capsys, visrank=True, visrank_topk=3, save_dir=str(tmp_path))
    assert drawn[0] == drawn[1]
    assert drawn[0][2]['save_dir'] == str(tmp_path / 'visrank_stub')


def test_long_curves(capsys):
    """Of torchreid only ranks up to 50 can be had; here as many as there are images."""
    query, gallery = targets(num_gallery=120)
    _, printed, _ = evaluated(Ours, datamanager(query, gallery), capsys, ranks=[1, 100, 121, 500])
    distances = torch.cdist(query.features, gallery.features)
    hits = []
    for row, pid, camid in zip(distances, query.pids, query.camids, strict=True):
        order = [
            i
            for i in row.argsort().tolist()
            if (gallery.pids[i], gallery.camids[i]) != (pid, camid)
        ]
        hits.append(next(k for k, i in enumerate(order, 1) if gallery.pids[i] == pid))
    share = np.mean([hit <= 100 for hit in hits])
    assert f'Rank-100: {share:.1%}\n' in printed
    assert 'the CMC curve of stub ends at rank 100; left out: rank 121, 500\n' in printed
    assert printed.count('Rank-') == 2


def test_a_distance_that_is_none_is_refused_before_training():
    engine = with_model(Ours(datamanager(*targets()), use_gpu=False))
    with pytest.raises(InputError, match='test.dist_metric: "manhattan" is not one of euclidean'):
        engine.run(dist_metric='manhattan', max_epoch=1)


def test_ranks_of_numpy(capsys):
    engine = with_model(Ours(datamanager(*targets()), use_gpu=False))
    engine.test(ranks=np.arange(1, 4))
    assert capsys.readouterr().out.count('Rank-') == 3


@pytest.mark.parametrize('rank', [0, -1, 2.5, True])
def test_ranks_that_are_none(rank):
    engine = with_model(Ours(datamanager(*targets()), use_gpu=False))
    for call in (engine.test, engine.run):
        with pytest.raises(InputError, match=f'test.ranks: {rank} is not a rank'):
            call(ranks=[1, rank])


def test_a_gallery_that_is_too_small_for_torchreids_ranking(capsys):
    """Its curves differ in length, as the images of a query's own camera do not count."""
    use_fast_ranking(False)
    try:
        with pytest.raises(InputError, match='curve of 12 ranks, .+fast_ranking True'):
            evaluated(Ours, datamanager(*targets(12)), capsys)
    finally:
        use_fast_ranking()


@pytest.mark.parametrize(
    'options, fast, key',
    [
        ({'rerank': True}, True, 'test.rerank'),
        ({'visrank': True}, True, 'test.visrank'),
        ({}, False, 'midattr.fast_ranking False'),
    ],
)
def test_too_little_memory_is_known_before_training(monkeypatch, options, fast, key):
    engine = with_model(Ours(datamanager(*targets()), use_gpu=False))
    monkeypatch.setattr(ranking_checks, 'free_ram', lambda: 7000)
    use_fast_ranking(fast)
    try:
        for call in (engine.test, engine.run):
            with pytest.raises(InputError, match=f'{key} needs .+ 10 queries and 60 gallery'):
                call(**options)
    finally:
        use_fast_ranking()


def test_nothing_needs_all_distances_by_default(monkeypatch, capsys):
    monkeypatch.setattr(ranking_checks, 'free_ram', lambda: 1)
    evaluated(Ours, datamanager(*targets()), capsys)


def test_a_model_that_is_broken(ranking):
    query, gallery = targets()
    gallery.features[33, 2] = float('nan')
    engine = with_model(Ours(datamanager(query, gallery), use_gpu=False))
    with pytest.raises(FloatingPointError, match='gallery set of stub are not finite'):
        engine.test()
