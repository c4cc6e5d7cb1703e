"""The ranking of a target without an engine; what is printed is compared in test_evaluation.py."""

import numpy as np
import pytest
import torch

from midattr_plugin.engine.descriptor_ranking import Expansion, rank_descriptors, reid_scores
from midattr_plugin.engine.extraction import Split
from midattr_plugin.engine.target_ranking import rank_target

PARTS = {'first': slice(0, 2), 'second': slice(2, 6)}


def split(count, seed):
    rng = np.random.default_rng(seed)
    return Split(
        torch.from_numpy(rng.normal(size=(count, 6)).astype(np.float32)),
        rng.integers(0, 3, count),
        rng.integers(0, 4, count),
    )


def ranked(**options):
    names = {'target': 'stub', 'descriptor': 'whole', 'parts': PARTS}
    return dict(rank_target(split(8, 1), split(30, 2), **names, **options))


def part(of_split, columns):
    return Split(of_split.features[:, columns].clone(), of_split.pids, of_split.camids)


@pytest.mark.parametrize('expansion', [None, Expansion(3, 1.0)])
def test_the_whole_and_its_parts(capsys, expansion):
    found = ranked(expansion=expansion)
    assert list(found) == ['whole', *PARTS]
    for name, columns in {'whole': slice(0, 6), **PARTS}.items():
        splits = [part(split(8, 1), columns), part(split(30, 2), columns)]
        expected = reid_scores(rank_descriptors(*splits, expansion=expansion))
        assert reid_scores(found[name]) == expected
        plain = None if expansion is None else reid_scores(rank_descriptors(*splits))
        assert found[name].plain == plain
        assert found[name].distances is None
    printed = capsys.readouterr().out
    assert f'mAP: {found["whole"].mAP:.1%}\n' in printed
    assert printed.count(' feature alone: rank-1 ') == 2


def test_drawing_is_given_all_distances(capsys):
    drawn = []
    ranked(draw=drawn.append, memory=1e-12)
    [distances] = drawn
    squared = torch.cdist(split(8, 1).features, split(30, 2).features) ** 2
    np.testing.assert_allclose(distances, squared, rtol=1e-4)


def test_normalized_descriptors(capsys):
    found = ranked(normalize_feature=True)
    splits = [split(8, 1), split(30, 2)]
    for one in splits:
        one.features = one.features / one.features.norm(dim=1, keepdim=True)
    assert found['whole'].mAP == pytest.approx(rank_descriptors(*splits).mAP)
