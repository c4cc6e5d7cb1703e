import pytest

from helpers.fake_runs import TARGET, change_results, write_runs
from midattr_plugin.compare.attribute_tables import attribute_tables
from midattr_plugin.compare.report import write_report


def view(value, labels=2):
    scores = dict.fromkeys(('accuracy', 'precision', 'recall', 'f1'), value)
    mean = {**scores, 'mA': value + 0.1}
    names = [f'label {i}' for i in range(labels)]
    return {
        'labels': dict.fromkeys(names, mean),
        'mean': mean,
        'instance': {**scores, 'f1': value - 0.1},
        'left_out': [],
    }


@pytest.fixture
def runs(tmp_path):
    """The row 'more' has attributes, with other scores for each of two seeds."""
    suite, runs, out = write_runs(tmp_path)
    for run in runs:
        if run.row.name == 'more':
            binary = {TARGET: view(0.5 + 0.1 * run.seed)}
            change_results(
                run, lambda results, binary=binary: results.attributes_binary.update(binary)
            )
    return suite, runs, out


def test_means_over_the_seeds(runs):
    [table] = attribute_tables(runs[1])
    assert table.title == 'Attributes, binary view (rendered images)'
    assert dict(zip(table.head, *table.rows, strict=True)) == {
        'row': 'more',
        'target': TARGET,
        'labels': '2',
        'mA': '75.0',
        **dict.fromkeys(['accuracy', 'precision', 'recall', 'f1'], '65.0'),
        **dict.fromkeys(['accuracy by image', 'precision by image', 'recall by image'], '65.0'),
        'f1 by image': '55.0',
        'seeds': '2',
    }


def test_in_the_report(runs):
    suite, runs, out = runs
    write_report(suite, runs, {}, out)
    assert '## Attributes, binary view (rendered images)' in (out / 'report.md').read_text()


def test_no_attributes(tmp_path):
    assert not list(attribute_tables(write_runs(tmp_path)[1]))
