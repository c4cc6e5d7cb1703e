import os

import pytest

from midattr_plugin.earlier_training import check_ended, keep_earlier_training
from midattr_plugin.engine.progress import write_progress
from midattr_plugin.errors import InputError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'model').mkdir()
    (tmp_path / 'model/model.pth.tar-last').write_text('weights')
    (tmp_path / 'metrics.json').write_text('scores')
    (tmp_path / 'train.log-1').write_text('log')
    return tmp_path


def test_an_empty_folder(tmp_path):
    check_ended(tmp_path)
    keep_earlier_training(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_complete_training_is_moved(folder, capsys):
    write_progress(folder, 2, 2)
    check_ended(folder)
    keep_earlier_training(folder)
    [place] = (folder / 'earlier').iterdir()
    assert str(place) in capsys.readouterr().out
    assert (place / 'model/model.pth.tar-last').read_text() == 'weights'
    assert (place / 'metrics.json').read_text() == 'scores'
    assert sorted(path.name for path in folder.iterdir()) == ['earlier', 'train.log-1']


def test_nothing_that_tells_of_it_stays(folder):
    names = (
        'metrics-test.json',
        'query_scores.csv',
        'query_scores-test.csv',
        'config-test.yaml',
        'events.out.tfevents.1',
        'visrank_market1501',
    )
    for name in names:
        (folder / name).write_text('')
    keep_earlier_training(folder)
    [place] = (folder / 'earlier').iterdir()
    assert {*names, 'model', 'metrics.json'} == {path.name for path in place.iterdir()}


def test_two_that_ended_in_the_same_second(folder):
    last = folder / 'model/model.pth.tar-last'
    for text in ('first', 'second'):
        last.parent.mkdir(exist_ok=True)
        last.write_text(text)
        os.utime(last, (1e9, 1e9))
        keep_earlier_training(folder)
    kept = (folder / 'earlier').glob('*/model/model.pth.tar-last')
    assert sorted(path.read_text() for path in kept) == ['first', 'second']


def test_so_is_one_of_torchreid_of_which_nothing_is_known(folder):
    keep_earlier_training(folder)
    assert not (folder / 'model').exists()


def test_a_training_that_has_not_ended_stays(folder):
    write_progress(folder, 1, 2)
    with pytest.raises(InputError, match='1 of 2 epochs are done; set model.resume .*tar-last'):
        check_ended(folder)
    assert (folder / 'model/model.pth.tar-last').exists()
