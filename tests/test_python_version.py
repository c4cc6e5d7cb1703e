"""The code runs on the oldest Python that setup.py allows."""

import re

import pytest
import vermin

from helpers.paths import PROJECT

OLDEST = tuple(
    map(
        int,
        re.search(r"python_requires='>=(\d+)\.(\d+)'", (PROJECT / 'setup.py').read_text()).groups(),
    )
)


def _needed(text):
    """The oldest Python 3 that has all that the code uses."""
    return vermin.detect(text)[1] or (3, 0)


@pytest.mark.parametrize('folder', ['midattr_plugin', 'tools', 'docs'])
def test_code_runs_on_the_oldest_python(folder):
    files = sorted((PROJECT / folder).rglob('*.py'))
    assert files
    newer = {
        str(path): needed
        for path in files
        if (needed := _needed(path.read_text(encoding='utf-8'))) > OLDEST
    }
    assert not newer


def test_newer_code_is_noticed():
    assert _needed('from typing import Self\n') == (3, 11) > OLDEST
