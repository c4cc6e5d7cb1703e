"""How commands end."""

import pytest

from midattr_plugin.command import run_command
from midattr_plugin.errors import InputError


def failing(error):
    def run():
        raise error

    return run


def test_status_of_what_was_run():
    assert run_command(lambda: None) == 0
    assert run_command(lambda: 3) == 3


@pytest.mark.parametrize(
    'error, status, sentence',
    [
        (InputError('a.yaml: this is wrong'), 1, 'error: a.yaml: this is wrong'),
        (FloatingPointError('the loss is nan'), 1, 'error: the loss is nan'),
        (KeyboardInterrupt(), 130, 'stopped; go on'),
    ],
)
def test_what_a_user_can_fix_is_one_sentence(capsys, error, status, sentence):
    assert run_command(failing(error), interrupted='stopped; go on') == status
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ('', f'{sentence}\n')


def test_a_bug_keeps_its_trace():
    with pytest.raises(KeyError):
        run_command(failing(KeyError('x')))
