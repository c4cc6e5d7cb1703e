"""How much memory this process can still take."""

from collections.abc import Iterator
from pathlib import Path

import psutil

# of a control group: its folder's name under /sys/fs/cgroup, then files with the limit and with
# what is used, then the entry of memory.stat for what is used but freed on demand
_VERSIONS = {
    'memory': ('memory', 'memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file'),
    '': ('', 'memory.max', 'memory.current', 'inactive_file'),
}


def free_ram(root: Path = Path('/')) -> int:
    """Return the bytes of RAM that are left to this process.

    They are the least of those of the machine and of each control group that it is in: that of a
    container, of a job of a cluster.

    Args:
        root: of the file system.
    """
    return max(0, min([psutil.virtual_memory().available, *_left_in_groups(root)]))


def _left_in_groups(root: Path) -> Iterator[int]:
    try:
        lines = (root / 'proc/self/cgroup').read_text(encoding='utf-8').splitlines()
    except OSError:  # not on Linux
        return
    for line in lines:
        _, controllers, path = line.split(':', 2)
        for controller in {*controllers.split(',')} & {*_VERSIONS}:
            name, *entries = _VERSIONS[controller]
            mounted = root / 'sys/fs/cgroup' / name
            # in a container the group itself is mounted, and its path leads nowhere
            group = mounted / path.strip('/')
            for folder in (group, *group.parents):
                if folder.is_relative_to(mounted):
                    yield from _left_in_group(folder, *entries)


def _left_in_group(folder: Path, limit: str, used: str, freed_on_demand: str) -> Iterator[int]:
    try:
        most = int((folder / limit).read_text(encoding='utf-8'))
        now = int((folder / used).read_text(encoding='utf-8'))
        stat = dict(
            line.split()
            for line in (folder / 'memory.stat').read_text(encoding='utf-8').splitlines()
        )
        yield most - now + int(stat.get(freed_on_demand, 0))
    except (OSError, ValueError):  # no such group, or 'max': without a limit
        return
