import pytest

from midattr_plugin.config import load_config
from midattr_plugin.config.keys import flatten
from midattr_plugin.engine.resumed_settings import FIXED, changed_settings, changes_scores
from midattr_plugin.errors import InputError


def test_changes_are_listed():
    before = {'midattr.mu': 5.0, 'train.batch_size': 32, 'data.transforms': ('random_flip',)}
    now = {'midattr.mu': 1.0, 'train.batch_size': 32, 'data.transforms': ['random_flip']}
    assert changed_settings(before, now, 'x') == {'midattr.mu': (5.0, 1.0)}


def test_keys_that_one_side_does_not_know_are_left_out():
    assert changed_settings({'a.old': 1}, {'a.new': 2}, 'x') == {}
    assert changed_settings({}, flatten(load_config()), 'x') == {}


def test_where_the_results_go_is_no_news():
    before = {'data.save_dir': 'a', 'model.resume': '', 'train.max_epoch': 2}
    now = {'data.save_dir': 'b', 'model.resume': 'c', 'train.max_epoch': 6}
    assert changed_settings(before, now, 'x') == {}


def test_scores_of_other_targets_are_not_compared():
    for key in ('data.targets', 'test.dist_metric', 'market1501.use_500k_distractors'):
        assert key in flatten(load_config()) and changes_scores({key: 0})
    assert not changes_scores({'midattr.mu': 0}) and not changes_scores({})
    assert not changes_scores({'test.eval_freq': 0, 'test.batch_size': 0})  # -best is kept


@pytest.mark.parametrize('key', FIXED)
def test_what_cannot_change_is_refused_by_name(key):
    assert key in flatten(load_config())
    with pytest.raises(InputError, match=f'"x" was written with {key} 1, .* 2 .*load_weights'):
        changed_settings({key: 1}, {key: 2}, 'x')
