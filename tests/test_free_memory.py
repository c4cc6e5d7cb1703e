"""The memory that is left to a process, in control groups of both versions."""

import psutil
import pytest

from midattr_plugin.free_memory import free_ram


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A file system whose machine has 1,000 bytes left."""
    memory = type(psutil.virtual_memory())(*([1000] * len(psutil.virtual_memory())))
    monkeypatch.setattr(psutil, 'virtual_memory', lambda: memory)
    return tmp_path


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{text}\n')


def group(folder, limit, used, stat, version=2):
    names = {
        1: ('memory.limit_in_bytes', 'memory.usage_in_bytes'),
        2: ('memory.max', 'memory.current'),
    }[version]
    return {
        f'{folder}/{names[0]}': limit,
        f'{folder}/{names[1]}': used,
        f'{folder}/memory.stat': stat,
    }


def test_without_control_groups(root):
    assert free_ram(root) == 1000


def test_a_container(root):
    """The group itself is mounted; the page cache that it may drop is free."""
    write(root, {'proc/self/cgroup': '0::/'})
    write(root, group('sys/fs/cgroup', 700, 500, 'anon 400\ninactive_file 60'))
    assert free_ram(root) == 700 - 500 + 60


def test_the_tightest_of_nested_groups(root):
    """A job of a cluster: its own group has no limit, that of the user has one."""
    write(root, {'proc/self/cgroup': '0::/user/job/step'})
    write(root, group('sys/fs/cgroup/user/job/step', 'max', 10, 'inactive_file 0'))
    write(root, group('sys/fs/cgroup/user/job', 900, 20, 'inactive_file 0'))
    write(root, group('sys/fs/cgroup/user', 600, 30, 'inactive_file 5'))
    assert free_ram(root) == 575


@pytest.mark.parametrize('path', ['/job', '/elsewhere'])
def test_version_one(root, path):
    write(root, {'proc/self/cgroup': f'5:devices:/\n4:cpu,memory:{path}\n0::/'})
    stat = 'inactive_file 1\ntotal_inactive_file 7'
    write(root, group('sys/fs/cgroup/memory', 2**63, 50, stat, version=1))
    write(root, group('sys/fs/cgroup/memory/job', 300, 50, stat, version=1))
    assert free_ram(root) == (257 if path == '/job' else 1000)


def test_a_limit_that_is_exceeded_leaves_nothing(root):
    write(root, {'proc/self/cgroup': '0::/'})
    write(root, group('sys/fs/cgroup', 100, 130, 'inactive_file 0'))
    assert free_ram(root) == 0


def test_the_group_of_this_process():
    assert 0 < free_ram() <= psutil.virtual_memory().total
