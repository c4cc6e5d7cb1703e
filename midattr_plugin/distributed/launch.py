"""How this process was started: what ``torchrun`` has put into the environment."""

import os
from dataclasses import dataclass

import torch

from midattr_plugin.errors import InputError

_NEEDED = ('RANK', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT')
# number of tasks that srun, Open MPI's and MPICH's mpirun have started
_TASKS = ('SLURM_STEP_NUM_TASKS', 'OMPI_COMM_WORLD_SIZE', 'PMI_SIZE')


@dataclass(frozen=True)
class Launch:
    """One of several processes.

    Attributes:
        rank: its index among all processes.
        local_rank: its index among those of its machine.
        local_size: number of processes of its machine; None if the launcher does not say.
    """

    rank: int
    local_rank: int
    local_size: int | None


def read_launch() -> Launch | None:
    """Return how this process was started; None if it is the only one.

    Raises:
        InputError: the environment says that there are several processes, but not which one this
            is.
    """
    if _number('WORLD_SIZE', 1) == 1:
        return None
    missing = [name for name in _NEEDED if name not in os.environ]
    if missing:
        raise InputError(
            f'the environment has WORLD_SIZE {os.environ["WORLD_SIZE"]} but no '
            f'{", ".join(missing)}; start the processes with torchrun, or unset WORLD_SIZE to '
            'train in one'
        )
    local_size = _number('LOCAL_WORLD_SIZE', 0)
    return Launch(_number('RANK', 0), _number('LOCAL_RANK', 0), local_size or None)


def environment_of_one() -> dict[str, str]:
    """Return the environment for a process that is to train by itself.

    Clusters set the variables of a launch also for a program that starts processes on its own.
    """
    return {
        name: value for name, value in os.environ.items() if name not in ('WORLD_SIZE', *_NEEDED)
    }


def choose_device(launch: Launch) -> int:
    """Return the number of the GPU for a process.

    Raises:
        InputError: the machine has fewer GPUs than processes.
    """
    count = torch.cuda.device_count()
    if count == 1 and 'CUDA_VISIBLE_DEVICES' in os.environ:
        return 0  # clusters let each process see its own GPU alone
    processes = launch.local_size or launch.local_rank + 1
    if processes > count:
        raise InputError(
            f'{processes} processes were started on this machine, but PyTorch sees '
            f'{count} GPU{"s" * (count != 1)}; give torchrun --nproc_per_node {count}, or set '
            'use_gpu False'
        )
    return launch.local_rank


def unused_resources(use_gpu: bool) -> str:
    """Return a sentence on GPUs or tasks that a single process leaves idle; '' if there are none.

    Args:
        use_gpu: whether the process uses a GPU.
    """
    tasks = max(_number(name, 1) for name in _TASKS)
    if tasks > 1:
        return (
            f'Note: {tasks} tasks were started without torchrun, and each of them trains by '
            'itself; torchrun lets them share the work (docs/gpu.md)'
        )
    gpus = torch.cuda.device_count() if use_gpu else 1
    if gpus > 1:
        return f'Note: 1 of {gpus} GPUs is used; torchrun --nproc_per_node {gpus} uses all'
    return ''


def _number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    try:
        return int(text)
    except ValueError:
        raise InputError(
            f'the environment has {name} "{text}", which is not a number; start the processes '
            'with torchrun, or unset it'
        ) from None
