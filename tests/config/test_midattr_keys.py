"""The rows of this project's keys, which stand in a module per subject."""

import importlib
import pkgutil

import pytest

from midattr_plugin import InputError
from midattr_plugin.config import KEYS, midattr_keys

SUBJECTS = [module.name for module in pkgutil.iter_modules(midattr_keys.__path__)]


def rows(subject):
    module = importlib.import_module(f'{midattr_keys.__name__}.{subject}')
    return getattr(module, 'ROWS', {})


def test_every_row_is_a_key():
    names = [f'midattr.{name}' for subject in SUBJECTS for name in rows(subject)]
    assert len(set(names)) == len(names)
    assert {name for name in KEYS if name.startswith('midattr.')} == set(names)


def test_only_the_shared_conditions_have_no_rows():
    assert [subject for subject in SUBJECTS if not rows(subject)] == ['conditions']


def test_two_rows_of_one_name_are_refused():
    with pytest.raises(InputError, match='"midattr.extensions" is already registered'):
        importlib.reload(midattr_keys)  # which adds all of them once more
