"""How a process joins and leaves its group, and how a failure ends it; no group is made."""

import pytest
import torch
from torch import distributed as dist

from midattr_plugin import train
from midattr_plugin.distributed import ended_after_failure, joined_group, process_group, told_once
from midattr_plugin.errors import InputError


class Ended(BaseException):
    """Takes the place of ``os._exit``."""


@pytest.fixture
def calls(monkeypatch):
    """Names of what was called, as the process with number 1 of 2 on a machine with two GPUs."""
    calls = []
    variables = {
        'RANK': '1',
        'LOCAL_RANK': '1',
        'WORLD_SIZE': '2',
        'LOCAL_WORLD_SIZE': '2',
        'MASTER_ADDR': '127.0.0.1',
        'MASTER_PORT': '1',
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    store = dist.HashStore()

    def note(name, result=None):
        return lambda *args, **options: calls.append((name, *args)) or result

    def end(status):
        calls.append(('end', status))
        raise Ended

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(torch.cuda, 'set_device', note('set_device'))
    monkeypatch.setattr(dist, 'rendezvous', lambda url: iter([(store, 1, 2)]))
    monkeypatch.setattr(
        dist, 'init_process_group', lambda backend, **options: calls.append(('init', backend))
    )
    monkeypatch.setattr(
        dist, 'new_group', lambda **options: calls.append(('group', options['backend']))
    )
    monkeypatch.setattr(dist, 'destroy_process_group', note('destroy'))
    monkeypatch.setattr(dist, 'is_initialized', lambda: any(name == 'init' for name, *_ in calls))
    monkeypatch.setattr(dist, 'get_world_size', lambda: 2)
    monkeypatch.setattr(dist, 'get_rank', lambda: 1)
    monkeypatch.setattr(process_group, '_end_process', end)
    monkeypatch.setattr(process_group, '_is_first_on_machine', True)
    return calls


def test_the_configuration_chooses_the_backend(calls):
    """Not the machine, which has GPUs."""
    with joined_group(use_gpu=False):
        pass
    assert calls == [('init', 'gloo'), ('group', 'gloo'), ('destroy',)]


def test_gpus(calls):
    with joined_group(use_gpu=True):
        assert calls == [('set_device', 1), ('init', 'nccl'), ('group', 'gloo')]
    assert calls[-1] == ('destroy',)


def test_only_objects_wait_for_hours(calls, monkeypatch):
    timeouts = {}
    for name in ('init_process_group', 'new_group'):
        monkeypatch.setattr(
            dist, name, lambda *args, name=name, **options: timeouts.update({name: options})
        )
    with joined_group(use_gpu=True):
        pass
    assert 'timeout' not in timeouts['init_process_group']
    assert timeouts['new_group']['timeout'].total_seconds() == 7200


def test_a_failure_does_not_wait_for_the_others(calls):
    """Leaving the group would: they sit in a collective operation."""
    with pytest.raises(ZeroDivisionError), joined_group(use_gpu=True):
        1 / 0  # noqa: B018
    assert ('destroy',) not in calls


def failing_command(error):
    def command():
        with joined_group(use_gpu=False):
            raise error

    return command


def test_a_failing_process_says_why_and_ends(calls, capsys):
    with pytest.raises(Ended):
        ended_after_failure(failing_command(ZeroDivisionError('a bug')))
    assert calls[-1] == ('end', 1) and ('destroy',) not in calls
    err = capsys.readouterr().err
    assert err.startswith('process 1 of 2, on ') and 'ZeroDivisionError: a bug' in err


def test_bad_input_ends_it_with_the_status_of_the_command(calls, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(train, 'parse_config', lambda argv: torch.nn.Module())
    monkeypatch.setattr(torch.nn.Module, 'use_gpu', False, raising=False)

    def fail(cfg):
        raise InputError('file "x" is broken; mend it')

    monkeypatch.setattr(train, 'run', fail)
    with pytest.raises(Ended):
        train.main([])
    assert calls[-1] == ('end', 1)
    assert capsys.readouterr().err.endswith('\nerror: file "x" is broken; mend it\n')


def test_of_several_failures_one_is_told(calls, capsys):
    for _ in range(2):
        with pytest.raises(BaseException) as caught, joined_group(use_gpu=False):
            raise InputError('the same in both; mend it')
        kinds = caught.type
    assert kinds is Ended and calls[-1] == ('end', 1)
    assert capsys.readouterr().err.count('process 1 of 2') == 1


def test_success_ends_nothing(monkeypatch):
    monkeypatch.delenv('WORLD_SIZE', raising=False)
    assert ended_after_failure(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        ended_after_failure(lambda: 1 // 0)


def test_a_bad_configuration_is_told_once(calls, monkeypatch, capsys):
    statuses = []
    for rank in '01':
        monkeypatch.setenv('LOCAL_RANK', rank)
        try:
            statuses.append(train.main(['--config-file', 'none.yaml']))
        except SystemExit as end:
            statuses.append(end.code)
    assert statuses == [1, 1]
    assert capsys.readouterr().err.count('none.yaml') == 1
    assert told_once(lambda: 5) == 5


def test_too_few_gpus_are_told_once(calls, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    for rank, error in (('0', InputError), ('1', SystemExit)):
        monkeypatch.setenv('LOCAL_RANK', rank)
        with pytest.raises(error), joined_group(use_gpu=True):
            pass
    monkeypatch.delenv('LOCAL_WORLD_SIZE')  # then process 0 does not know of process 1
    with pytest.raises(InputError, match='2 processes'), joined_group(use_gpu=True):
        pass


def test_the_store_may_be_gone(calls, monkeypatch):
    class Gone:
        def add(self, *args):
            raise dist.DistNetworkError('connection reset')

    assert process_group._fails_first(Gone())


def test_first_of_its_machine(calls, monkeypatch):
    """The others of a machine wait for its first process, not for the main one."""
    monkeypatch.setattr(dist, 'barrier', lambda group=None: calls.append(('barrier',)))
    for rank, expected in (('0', ['call', 'barrier']), ('1', ['barrier', 'call'])):
        monkeypatch.setenv('LOCAL_RANK', rank)
        with joined_group(use_gpu=False):
            del calls[1:]
            process_group.main_first(lambda: calls.append(('call',)))
            assert [name for (name,) in calls[1:]] == expected
