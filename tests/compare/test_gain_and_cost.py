"""What rows gain beside what they cost: by hand."""

import pytest

from helpers.fake_runs import ROWS, TARGET, change_results, write_curves, write_runs
from midattr_plugin.compare.curves import curves_of_runs
from midattr_plugin.compare.gain_and_cost import gain_and_cost_tables, gain_facts, side_of
from midattr_plugin.compare.intervals import paired_difference
from midattr_plugin.compare.summary import summarize

THREE_ROWS = [
    *ROWS,
    {'name': 'less', 'label': 'worse', 'baseline': 'plain'},
    {'name': 'same', 'label': 'alike', 'baseline': 'plain'},
]
GAINS = {'plain': (0, 0, 0), 'more': (5, 6, 7), 'less': (-5, -6, -7), 'same': (1, -2, 1)}


def finished(tmp_path, **options):
    """Suite and runs of three seeds with the gains above, in points of mAP."""
    suite, runs, _ = write_runs(tmp_path, seeds=(1, 2, 3), rows=THREE_ROWS, **options)
    for run in runs:
        mAP = 0.4 + GAINS[run.row.name][run.seed - 1] / 100

        def change(results, mAP=mAP, is_more=run.row.name == 'more'):
            results.reid[TARGET]['fused']['mAP'] = mAP
            results.parameters = 3_000_000 if is_more else 2_000_000
            results.multiply_adds = 1_100_000_000 if is_more else 1_000_000_000

        change_results(run, change)
        write_curves(run.folder)
    return suite, runs


def test_gain_and_cost(tmp_path):
    suite, runs = finished(tmp_path)
    result_rows = summarize(suite, runs)
    [table] = gain_and_cost_tables(result_rows, curves_of_runs(runs))
    assert table.title == 'Gain and cost (rendered images)'
    cells = {row[0]: dict(zip(table.head, row, strict=True)) for row in table.rows}
    assert list(cells) == ['more', 'less', 'same']  # the descriptor that the model returns alone
    more = cells['more']
    assert [more[name] for name in ('description', 'baseline')] == ['with', 'plain']
    assert [more[name] for name in ('mAP of the baseline', 'mAP')] == ['40.0 ± 0.0', '46.0 ± 1.0']
    assert more['difference'] == '+6.0 [+3.5, +8.5]'  # 4.303 * 1 / sqrt(3) = 2.48
    assert more['parameters'] == '3.00 M (1.50x)'
    assert more['multiply-adds per forward pass'] == '1.100 G (1.10x)'
    assert more['extraction, images/s'] == '90 (1.00x)'
    sides = {name: row['beyond its interval'] for name, row in cells.items()}
    assert sides == {'more': 'higher', 'less': 'lower', 'same': 'not told apart'}


def test_facts_count_the_rows_on_each_side(tmp_path):
    [fact] = gain_facts(summarize(*finished(tmp_path)))
    assert fact.endswith(
        'higher: 1 of 3 (more); lower: 1 of 3 (less); not told apart: 1 of 3 (same).'
    )


def test_cost_that_is_not_known(tmp_path):
    suite, runs = finished(tmp_path)
    for run in runs:
        if run.row.name == 'plain':
            change_results(run, lambda results: setattr(results, 'parameters', None))
        else:
            change_results(run, lambda results: setattr(results, 'multiply_adds', None))
    [table] = gain_and_cost_tables(summarize(suite, runs), {})
    assert [row[-3:] for row in table.rows[:2]] == [['3.00 M', '', ''], ['2.00 M', '', '']]


def test_rows_without_a_finished_baseline(tmp_path):
    unfinished = [('plain', seed) for seed in (1, 2)]
    suite, runs, _ = write_runs(tmp_path, unfinished=unfinished)
    result_rows = summarize(suite, runs)
    assert result_rows
    assert not list(gain_and_cost_tables(result_rows, {})) and gain_facts(result_rows) == []
    assert not list(gain_and_cost_tables([], {})) and gain_facts([]) == []


@pytest.mark.parametrize(
    ('values', 'side'),
    [
        ([3, 4, 5], 'higher'),
        ([-3, -4, -5], 'lower'),
        ([3, -4, 5], 'not told apart'),
        ([3, 4], 'too few seeds'),  # whatever their interval
        ([3], 'too few seeds'),
        ([3, 3, 3], 'not told apart'),  # seeds that do not differ
    ],
)
def test_sides(values, side):
    by_seed = dict(enumerate(values))
    assert side_of(paired_difference(by_seed, dict.fromkeys(by_seed, 0))) == side


def test_one_seed_tells_nothing(tmp_path):
    suite, runs = finished(tmp_path)
    [fact] = gain_facts(summarize(suite, [run for run in runs if run.seed == 1]))
    assert fact.endswith(
        'higher: 0 of 3; lower: 0 of 3; not told apart: 0 of 3; too few seeds: 3 of 3 (more, less, '
        'same).'
    )


def test_targets_have_tables_of_their_own(tmp_path):
    suite, runs = finished(tmp_path)
    for run in runs:
        change_results(
            run,
            lambda results: (
                results.reid.update(other=results.reid[TARGET]),
                results.rendered.update(other=False),
            ),
        )
    result_rows = summarize(suite, runs)
    tables = list(gain_and_cost_tables(result_rows, {}))
    assert [table.title for table in tables] == [
        f'Gain and cost ({TARGET}, rendered images)',
        'Gain and cost (other, real images)',
    ]
    assert tables[0].rows == tables[1].rows
    assert ['other' in fact for fact in gain_facts(result_rows)] == [False, True]
