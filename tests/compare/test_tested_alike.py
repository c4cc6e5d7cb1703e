"""A report says how its rows were tested, and warns where a comparison mixes ways."""

import pytest

from helpers.fake_runs import finish, made_up_results, make_suite
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.report import write_report
from midattr_plugin.compare.tested_alike import describe_tests

OURS = {'model.name': 'midattr_resnet18'}
TORCHREIDS = {'model.name': 'resnet18', 'loss.name': 'softmax'}
NORMALIZED = {'test.normalize_feature': True}
ALIKE = 'All rows: L2-normalized descriptors, Euclidean distance, no re-ranking.'


def runs_of(folder, *settings, unfinished=(), baseline=None, **content):
    """A finished run of each row; the rows are named a, b, ..."""
    rows = [
        {'name': name, 'set': values, 'baseline': baseline if name != baseline else None}
        for name, values in zip('abc', settings, strict=False)
    ]
    suite = make_suite(folder, *rows, **content)
    runs = plan_runs(suite, [1], folder / 'out')
    for run in runs:
        run.folder.mkdir(parents=True)
        if run.row.name not in unfinished:
            finish(run, made_up_results(0.5))
    return suite, runs


@pytest.mark.parametrize(
    'rows, fact',
    [
        ((OURS, TORCHREIDS | NORMALIZED), ALIKE),
        ((OURS, OURS | NORMALIZED), ALIKE),
        (
            (TORCHREIDS, TORCHREIDS),
            'All rows: descriptors of any length, Euclidean distance, no re-ranking.',
        ),
        (
            ({**OURS, 'test.dist_metric': 'cosine', 'test.rerank': True},),
            'All rows: L2-normalized descriptors, cosine distance, re-ranking.',
        ),
        (
            ({**OURS, 'cuhk03.use_metric_cuhk03': True, 'midattr.precision': 'bf16'},),
            f'{ALIKE[:-1]}, one gallery image per identity (CUHK03), extracted in bf16.',
        ),
        (
            ({**OURS, 'market1501.use_500k_distractors': True},),
            f'{ALIKE[:-1]}, 500,000 distractors.',
        ),
    ],
)
def test_one_fact_if_all_are_alike(tmp_path, rows, fact):
    suite, runs = runs_of(tmp_path, *rows, baseline='a')
    assert describe_tests(runs, suite.compared_rows) == [fact]


@pytest.mark.parametrize(
    'other',
    [
        TORCHREIDS,
        {**OURS, 'test.rerank': True},
        {**OURS, 'midattr.test_flip': True},
        {**OURS, 'midattr.query_expansion': 5},
        {**OURS, 'test.dist_metric': 'cosine'},
        {**OURS, 'midattr.precision': 'bf16'},
    ],
    ids=str,
)
def test_a_comparison_that_mixes_ways(tmp_path, other):
    suite, runs = runs_of(tmp_path, OURS, other, OURS, baseline='a')
    [fact] = describe_tests(runs, suite.compared_rows)
    assert fact.startswith('TESTED DIFFERENTLY: a difference between these rows is also one of')
    assert f'{ALIKE[10:-1]}: a, c; ' in fact and fact.endswith(': b.')
    report = write_report(suite, runs, {}, tmp_path)[1].read_text()
    assert 'TESTED DIFFERENTLY' in report


def test_rows_that_are_not_compared(tmp_path):
    suite, runs = runs_of(tmp_path, OURS, TORCHREIDS)
    [fact] = describe_tests(runs, suite.compared_rows)
    assert 'TESTED DIFFERENTLY' not in fact
    assert fact.startswith('Rows that are not compared were tested differently: L2-normalized')


def test_rows_of_a_claim_are_compared(tmp_path):
    suite, runs = runs_of(
        tmp_path,
        OURS,
        TORCHREIDS,
        claims=[{'claim': 'It', 'comparisons': [{'row': 'b', 'over': 'a'}]}],
    )
    [fact] = describe_tests(runs, suite.compared_rows)
    assert fact.startswith('TESTED DIFFERENTLY')


@pytest.mark.parametrize('unfinished', ['a', 'b'])
def test_only_finished_runs_count(tmp_path, unfinished):
    suite, runs = runs_of(tmp_path, OURS, TORCHREIDS, unfinished=unfinished, baseline='a')
    [fact] = describe_tests(runs, suite.compared_rows)
    assert fact.startswith('All rows: ')
    assert describe_tests([], suite.compared_rows) == []
