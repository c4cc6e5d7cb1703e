"""Runs of a suite, and the folder that belongs to it."""

import json
import subprocess
import sys

import pytest
import yaml

from helpers.tiny_run import write_config
from midattr_plugin.compare.folder import check_folder, claim_folder, locked
from midattr_plugin.compare.plan import plan_runs
from midattr_plugin.compare.suite import load_suite
from midattr_plugin.config import load_config
from midattr_plugin.errors import InputError


@pytest.fixture
def suite_of(tmp_path):
    write_config(tmp_path / 'base.yaml')

    def load(*rows, name='suite'):
        path = tmp_path / f'{name}.yaml'
        path.write_text(yaml.safe_dump({'config': 'base.yaml', 'rows': list(rows)}))
        return load_suite(path)

    return load


def test_a_run_per_row_and_seed(suite_of, tmp_path):
    suite = suite_of({'name': 'a'}, {'name': 'b', 'set': {'train.lr': 0.5}})
    runs = plan_runs(suite, [3, 1], tmp_path / 'out', str(tmp_path), ['midattr.cache', 'ram'])
    assert [(run.row.name, run.seed) for run in runs] == [('a', 3), ('b', 3), ('a', 1), ('b', 1)]
    run = runs[3]
    assert run.folder == tmp_path / 'out/runs/b/seed1'
    assert (run.cfg.train.seed, run.cfg.train.lr, run.cfg.midattr.cache) == (1, 0.5, 'ram')
    assert run.cfg.data.root == str(tmp_path) and run.cfg.data.save_dir == str(run.folder)
    assert not run.is_done


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        ({'midattr.atribute_layer': 'res3d'}, 'midattr.atribute_layer is not a configuration key'),
        ({'midattr.attribute_layer': 'res9'}, 'midattr.attribute_layer is .res9.'),
        (
            {'model.name': 'resnet18', 'loss.name': 'triplet'},
            'loss.name triplet needs several images .* set sampler.train_sampler '
            'RandomIdentitySampler',
        ),
        ({'test.evaluate': True}, 'test.evaluate is True, but the rows of a suite are trained'),
        ({'model.resume': 'x'}, 'model.resume is x, but the rows of a suite are trained'),
    ],
)
def test_a_wrong_row_is_named(suite_of, tmp_path, settings, words):
    suite = suite_of({'name': 'good'}, {'name': 'bad', 'set': settings})
    with pytest.raises(InputError, match=f'row "bad": .*{words}'):
        plan_runs(suite, [1], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_options_that_are_no_pairs(suite_of, tmp_path):
    with pytest.raises(InputError) as error:
        plan_runs(suite_of({'name': 'a'}), [1], tmp_path / 'out', '', ['midattr.cache'])
    assert 'the command line: keys and values' in str(error.value) and 'seed' not in str(
        error.value
    )


def claim(suite, out, root, seeds=(1,)):
    runs = plan_runs(suite, seeds, out, str(root))
    check_folder(suite, runs, out)
    claim_folder(suite, runs, out)
    assert check_folder(suite, runs, out)
    return runs


def test_a_folder_belongs_to_one_suite_and_root(suite_of, tmp_path):
    suite, out = suite_of({'name': 'a'}), tmp_path / 'out'
    [run] = claim(suite, out, tmp_path)
    assert load_config(run.folder / 'run.yaml') == run.cfg
    assert json.loads((out / 'suite.json').read_text())['suite'] == 'suite'
    before = {path: path.read_text() for path in out.rglob('*') if path.is_file()}
    other = suite_of({'name': 'a'}, name='other')
    for refused, root, words in (
        (other, tmp_path, 'holds results of the suite "suite", not of "other"'),
        (suite, tmp_path / 'twin', 'holds results of the data root'),
    ):
        with pytest.raises(InputError, match=words):
            claim(refused, out, root)
    changed = suite_of({'name': 'a', 'set': {'train.lr': 0.7}})
    with pytest.raises(InputError, match='row "a": .* was run with train.lr 0.01, not 0.7; delete'):
        claim(changed, out, tmp_path)
    assert before == {path: path.read_text() for path in out.rglob('*') if path.is_file()}


def test_another_suite_of_the_same_name(suite_of, tmp_path):
    out = tmp_path / 'out'
    claim(suite_of({'name': 'a'}), out, tmp_path)
    with pytest.raises(InputError, match='another suite of the name "suite", with the rows a;'):
        claim(suite_of({'name': 'b'}), out, tmp_path)
    (out / 'suite.json').write_text('{"suite": ')
    with pytest.raises(InputError, match='suite.json" is broken'):
        claim(suite_of({'name': 'a'}), out, tmp_path)


def test_a_row_of_another_data_root(suite_of, tmp_path):
    def rows(root):
        return [{'name': 'a'}, {'name': 'b', 'set': {'data.root': str(root)}}]

    out = tmp_path / 'out'
    runs = plan_runs(suite_of(*rows(tmp_path / 'real')), [1], out)
    claim_folder(suite_of(*rows(tmp_path / 'real')), runs, out)
    with pytest.raises(InputError, match='row "b": .* was run with data.root'):
        check_folder(suite := suite_of(*rows(tmp_path / 'twin')), plan_runs(suite, [1], out), out)


def test_one_process_at_a_time(tmp_path):
    out = tmp_path / 'new/out'
    command = (
        'import sys; from pathlib import Path\n'
        'from midattr_plugin.compare.folder import locked\n'
        'with locked(Path(sys.argv[1])): print("in", flush=True); input()'
    )
    other = subprocess.Popen(
        [sys.executable, '-c', command, str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == 'in\n'
    with pytest.raises(InputError, match='another process is running the suite'), locked(out):
        pass
    other.kill()
    other.wait()
    with locked(out):
        pass


def test_rows_and_seeds_may_be_added_and_machines_differ(suite_of, tmp_path):
    out = tmp_path / 'out'
    claim(suite_of({'name': 'a'}), out, tmp_path)
    claim(suite_of({'name': 'a', 'set': {'data.workers': 3}}, {'name': 'b'}), out, tmp_path, (1, 2))
    assert len(list(out.glob('runs/*/seed*/run.yaml'))) == 4


def test_a_place_that_cannot_be_written_to(suite_of, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(InputError, match='--out: .* cannot be written to'):
        claim(suite_of({'name': 'a'}), tmp_path / 'file/out', tmp_path)
    with (
        pytest.raises(InputError, match='--out: .* cannot be written to'),
        locked(tmp_path / 'file/out'),
    ):
        pass
