"""Runs of a suite, and the folder that belongs to it."""

import json

import pytest
import yaml
from tiny_run import write_config

from midattr_plugin.compare.plan import check_folder, claim_folder, plan_runs
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
    suite = suite_of({'name': 'a'}, {'name': 'b', 'set': {'train.lr': .5}})
    runs = plan_runs(suite, [3, 1], tmp_path / 'out', str(tmp_path), ['midattr.cache', 'ram'])
    assert [(run.row.name, run.seed) for run in runs] == [('a', 3), ('b', 3), ('a', 1), ('b', 1)]
    run = runs[3]
    assert run.folder == tmp_path / 'out/runs/b/seed1'
    assert (run.cfg.train.seed, run.cfg.train.lr, run.cfg.midattr.cache) == (1, .5, 'ram')
    assert run.cfg.data.root == str(tmp_path) and run.cfg.data.save_dir == str(run.folder)
    assert not run.is_done


@pytest.mark.parametrize(('settings', 'words'), [
    ({'midattr.atribute_layer': 'res3d'}, 'midattr.atribute_layer is not a configuration key'),
    ({'midattr.attribute_layer': 'res9'}, 'midattr.attribute_layer is .res9.'),
    ({'model.name': 'resnet18', 'loss.name': 'triplet'},
     'loss.name triplet needs several images .* set sampler.train_sampler RandomIdentitySampler'),
])
def test_a_wrong_row_is_named(suite_of, tmp_path, settings, words):
    suite = suite_of({'name': 'good'}, {'name': 'bad', 'set': settings})
    with pytest.raises(InputError, match=f'row "bad": .*{words}'):
        plan_runs(suite, [1], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


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
    for refused, root, words in ((other, tmp_path, 'holds results of the suite "suite", not of '
                                                   '"other"'),
                                 (suite, tmp_path / 'twin', 'holds results of the data root')):
        with pytest.raises(InputError, match=words):
            claim(refused, out, root)
    changed = suite_of({'name': 'a', 'set': {'train.lr': .7}})
    with pytest.raises(InputError, match='row "a": .* was run with train.lr 0.01, not 0.7; delete'):
        claim(changed, out, tmp_path)
    assert before == {path: path.read_text() for path in out.rglob('*') if path.is_file()}


def test_rows_and_seeds_may_be_added_and_machines_differ(suite_of, tmp_path):
    out = tmp_path / 'out'
    claim(suite_of({'name': 'a'}), out, tmp_path)
    claim(suite_of({'name': 'a', 'set': {'data.workers': 3}}, {'name': 'b'}), out, tmp_path, (1, 2))
    assert len(list(out.glob('runs/*/seed*/run.yaml'))) == 4


def test_a_place_that_cannot_be_written_to(suite_of, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(InputError, match='--out: .* cannot be written to'):
        claim(suite_of({'name': 'a'}), tmp_path / 'file/out', tmp_path)
