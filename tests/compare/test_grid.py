"""Grid search on validation images, with made-up results."""

from dataclasses import replace

import pytest

from helpers.fake_runs import finish, make_suite
from midattr_plugin.compare.grid import choose, selection_suite
from midattr_plugin.compare.plan import Run, plan_runs
from midattr_plugin.engine.results import Results
from midattr_plugin.errors import InputError


@pytest.fixture
def suite(tmp_path):
    return make_suite(
        tmp_path,
        {'name': 'a'},
        {'name': 'b', 'set': {'train.lr': 0.5}},
        select={'midattr.mu': [1.0, 2.0], 'midattr.nu': [3.0, 4.0]},
    )


def test_row_per_point(suite):
    selection = selection_suite(suite)
    assert selection.name == 'suite-select'
    assert [row.name for row in selection.rows] == [
        'mu=1.0_nu=3.0',
        'mu=1.0_nu=4.0',
        'mu=2.0_nu=3.0',
        'mu=2.0_nu=4.0',
    ]
    assert selection.rows[2].settings == {
        'train.lr': 0.5,
        'midattr.mu': 2.0,
        'midattr.nu': 3.0,
        'midattr.validation_images': 100,
    }


def test_points_that_do_not_differ_are_refused(tmp_path):
    """nu weighs the part branch, which the last row has not."""
    last = {'midattr.branches': ['global'], 'midattr.descriptor': 'global'}
    suite = make_suite(tmp_path, {'name': 'a', 'set': last}, select={'midattr.nu': [3.0, 5.0]})
    with pytest.raises(
        InputError, match='nu is 3.0, but has no effect .* midattr.branches has local'
    ):
        plan_runs(selection_suite(suite), [1], tmp_path / 'out')


def test_suite_without_a_grid(tmp_path):
    with pytest.raises(InputError, match='--select: suite "suite" has no grid'):
        selection_suite(make_suite(tmp_path, {'name': 'a'}))


def finished(suite, folder, results):
    runs = []
    for row in suite.rows:
        for seed, validation in enumerate(results.get(row.name, ())):
            run = Run(row, seed, folder / row.name / str(seed), None)
            finish(run, Results(extra={'validation': validation}))
            runs.append(run)
    return runs


def validation(fused, loss_global, loss_local):
    return {
        'images': 100,
        'acc_fused': fused,
        'acc_global': 0.1,
        'acc_local': 0.2,
        'loss_global': loss_global,
        'loss_local': loss_local,
    }


def test_best_point(suite, tmp_path):
    runs = finished(
        selection_suite(suite),
        tmp_path,
        {
            'mu=1.0_nu=3.0': [validation(0.5, 1, 3), validation(0.7, 1, 1)],  # .6, loss 1.5
            'mu=1.0_nu=4.0': [validation(0.8, 9, 9), validation(0.3, 9, 9)],  # .55
            'mu=2.0_nu=3.0': [validation(0.6, 1, 1), validation(0.6, 1, 1)],
        },
    )  # .6, loss 1
    table, best = choose(runs)
    assert best.startswith('Best: mu=2.0, nu=3.0. ')
    assert table.rows[0] == [
        'mu=1.0, nu=3.0',
        '60.0% ± 10.0%',
        '1.500 ± 0.500',
        '2',
        'not told apart',
    ]
    assert [row[-1] for row in table.rows] == ['not told apart', 'not told apart', 'best']


def test_point_without_all_seeds_is_not_chosen(suite, tmp_path):
    runs = finished(
        selection_suite(suite),
        tmp_path,
        {
            'mu=1.0_nu=3.0': [validation(0.9, 1, 1)],  # where the other has .92
            'mu=1.0_nu=4.0': [validation(0.92, 1, 1), validation(0.8, 1, 1)],
        },
    )
    table, best = choose(runs)
    assert best.startswith('Best: mu=1.0, nu=4.0. ') and [row[-2:] for row in table.rows] == [
        ['1', 'not told apart'],
        ['2', 'best'],
    ]
    runs = finished(
        selection_suite(suite), tmp_path / 'more', {'mu=1.0_nu=3.0': [validation(0.9, 1, 1)]}
    )
    runs.append(Run(runs[0].row, 2, tmp_path / 'none', None))
    assert choose(runs)[1] == 'No best point: none has finished all seeds.'


def test_equal_accuracies_in_another_order_are_equal(suite, tmp_path):
    runs = finished(
        selection_suite(suite),
        tmp_path,
        {
            'mu=1.0_nu=3.0': [validation(value, 9, 9) for value in (0.60, 0.60, 0.71)],
            'mu=1.0_nu=4.0': [validation(value, 1, 1) for value in (0.60, 0.63, 0.68)],
        },
    )
    assert choose(runs)[1].startswith('Best: mu=1.0, nu=4.0. ')


@pytest.mark.parametrize('key', ['midattr.mu', 'midattr.validation_images'])
def test_grid_keys_on_the_command_line(suite, key):
    with pytest.raises(InputError, match=f'--select: {key} is set by the grid'):
        selection_suite(suite, ['train.lr', 3, key, 3])


def test_equal_points_or_unusable_names(suite):
    with pytest.raises(InputError, match='two rows are named "mu=1"'):
        selection_suite(replace(suite, select={'midattr.mu': [1, 1]}))
    with pytest.raises(InputError, match='is not a usable row name'):
        selection_suite(replace(suite, select={'midattr.backbone_weights': ['../x']}))


def test_one_branch(suite, tmp_path):
    runs = finished(
        selection_suite(suite),
        tmp_path,
        {
            'mu=1.0_nu=3.0': [{'acc_local': 0.5, 'loss_local': 2.0}],
            'mu=1.0_nu=4.0': [{'acc_local': 0.6, 'loss_local': 3.0}],
        },
    )
    assert choose(runs)[1].startswith('Best: mu=1.0, nu=4.0. ')


def test_no_finished_run():
    table, words = choose([])
    assert (table.rows, words) == ([], 'Nothing to choose from: no run is done.')


def test_points_that_are_as_good_as_the_best_are_named(suite, tmp_path):
    """The held-out images change with the seed, so points are compared seed by seed."""
    accuracies = {
        'mu=1.0_nu=3.0': (0.50, 0.70, 0.90),
        'mu=1.0_nu=4.0': (0.40, 0.61, 0.80),  # always 9 or 10 points lower
        'mu=2.0_nu=3.0': (0.60, 0.55, 0.91),  # lower once
    }
    runs = finished(
        selection_suite(suite),
        tmp_path,
        {name: [validation(x, 1, 1) for x in values] for name, values in accuracies.items()},
    )
    table, best = choose(runs)
    assert [row[-1] for row in table.rows] == ['best', '', 'not told apart']
    assert best.startswith(
        'Best: mu=1.0, nu=3.0. Its identity accuracy is not told apart from that of: mu=2.0, nu=3.0'
    )
    assert table.rows[0][1] == '70.0% ± 11.5%'  # 20 / sqrt(3)


def test_a_best_point_that_is_told_apart(suite, tmp_path):
    accuracies = {'mu=1.0_nu=3.0': (0.5, 0.7, 0.9), 'mu=1.0_nu=4.0': (0.4, 0.61, 0.8)}
    runs = finished(
        selection_suite(suite),
        tmp_path,
        {name: [validation(x, 1, 1) for x in values] for name, values in accuracies.items()},
    )
    assert choose(runs)[1] == 'Best: mu=1.0, nu=3.0'
