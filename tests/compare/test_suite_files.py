"""The suites in configs/compare: their rows can be built, and agree with the paper."""

from pathlib import Path

import pytest

from helpers.paths import CONFIGS
from midattr_plugin.compare.grid import selection_suite
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.suite import load_suite

FOLDER = CONFIGS / 'compare'
FILES = sorted(FOLDER.glob('*.yaml'))


def rows(name):
    suite = load_suite(FOLDER / f'{name}.yaml')
    return {run.row.name: run for run in plan_runs(suite, [1], Path('out'))}


def test_files_are_there():
    assert {path.stem for path in FILES} >= {'paper_market', 'paper_duke', 'baselines', 'demo'}


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_every_row_is_a_configuration(path):
    suite = load_suite(path)
    runs = plan_runs(suite, [1, 2], Path('out'))
    assert len(runs) == 2 * len(suite.rows)
    assert path.read_text().startswith('# ') and str(path.relative_to(FOLDER.parents[1])) in (
        path.read_text()
    )
    for run in runs:
        assert run.cfg.train.seed == run.seed
        branches = run.cfg.midattr.branches
        descriptors = {'fused', 'global', 'local'} if len(branches) > 1 else set(branches)
        assert set(run.row.published) <= descriptors
        for scores in run.row.published.values():
            assert all(40 < value < 100 for value in scores.values())
    if suite.select:
        assert plan_runs(selection_suite(suite), [1], Path('out'))


def test_rows_of_the_paper():
    built = rows('paper_market')
    assert len([name for name in built if name[0] == 'T']) == 9
    for name, run in built.items():
        cfg = run.cfg
        attributes = cfg.model.name.endswith('_market')
        assert attributes == (name not in ('T4.1', 'T5.1', 'T6'))
        assert cfg.midattr.branches == {'T4': ['global'], 'T5': ['local']}.get(
            name[:2], ['global', 'local']
        )
    layers = {name: run.cfg.midattr.attribute_layer for name, run in built.items()}
    assert (layers['T4.2'], layers['T4.3'], layers['T4.4']) == ('pool5', 'res4f', 'res3d')
    assert (layers['T5.2'], layers['T5.3'], layers['T5.4']) == ('res5c', 'res4f', 'res3d')
    assert built['T6'].cfg.midattr.mu == built['T6'].cfg.midattr.nu
    assert built['literal'].cfg.midattr.loss_reading == 'literal'
    assert built['full'].row.published['fused']['mAP'] == 70.04


def test_twin_has_the_rows_of_the_claim():
    paper, twin = rows('paper_market'), rows('twin')
    assert set(twin) == {'T4.1', 'T4.2', 'T4.4', 'T5.1', 'T5.4', 'T6', 'full'}
    for name, run in twin.items():
        ours, theirs = run.cfg, paper[name].cfg
        assert ours.model.name == theirs.model.name.replace('50', '18')
        assert ours.data.sources == theirs.data.sources
        assert ours.midattr.attribute_layer == theirs.midattr.attribute_layer
        assert (ours.midattr.mu, ours.midattr.nu) == (theirs.midattr.mu, theirs.midattr.nu)


def test_demo_has_the_rows_of_the_paper():
    paper, demo = rows('paper_market'), rows('demo')
    assert list(demo) == list(paper)
    for name, run in demo.items():
        ours, theirs = run.cfg, paper[name].cfg
        assert ours.model.name == theirs.model.name.replace('50', '18')
        assert ours.data.sources == ['midattr_demo']
        for key in ('branches', 'mu', 'nu', 'attribute_layer', 'layer_overrides', 'loss_reading'):
            assert ours.midattr[key] == theirs.midattr[key]
