"""What the environment says of a process; no process is started."""

import pytest
import torch

from midattr_plugin.distributed.launch import choose_device, read_launch, unused_resources
from midattr_plugin.errors import InputError

TORCHRUN = {
    'RANK': '5',
    'LOCAL_RANK': '1',
    'WORLD_SIZE': '8',
    'LOCAL_WORLD_SIZE': '4',
    'MASTER_ADDR': 'node1',
    'MASTER_PORT': '29500',
}


@pytest.fixture
def environment(monkeypatch):
    """Sets the variables of a launch and the number of GPUs."""
    others = ('CUDA_VISIBLE_DEVICES', 'SLURM_STEP_NUM_TASKS', 'OMPI_COMM_WORLD_SIZE', 'PMI_SIZE')
    for name in (*TORCHRUN, *others):
        monkeypatch.delenv(name, raising=False)

    def put(gpus=8, without=(), **changes):
        for name, value in (TORCHRUN | changes).items():
            if name not in without:
                monkeypatch.setenv(name, value)
        monkeypatch.setattr(torch.cuda, 'device_count', lambda: gpus)

    return put


def test_torchrun(environment):
    environment()
    launch = read_launch()
    assert (launch.rank, launch.local_rank, launch.local_size) == (5, 1, 4)
    assert choose_device(launch) == 1


@pytest.mark.parametrize('size', ['1', '', None])
def test_one_process(environment, size):
    environment(without=() if size is not None else ('WORLD_SIZE',), WORLD_SIZE=size or '')
    assert read_launch() is None


def test_a_cluster_that_says_only_how_many_processes_there_are(environment):
    environment(without=('LOCAL_RANK', 'MASTER_PORT'))
    with pytest.raises(InputError, match='WORLD_SIZE 8 but no LOCAL_RANK, MASTER_PORT; start'):
        read_launch()


@pytest.mark.parametrize('name', ['WORLD_SIZE', 'RANK', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE'])
def test_a_number_that_is_none(environment, name):
    environment(**{name: 'two'})
    with pytest.raises(InputError, match=f'{name} "two", which is not a number'):
        read_launch()


@pytest.mark.parametrize('rank', range(4))
def test_more_processes_than_gpus(environment, rank):
    """Every process of the machine refuses, also those for which there is a GPU."""
    environment(gpus=2, LOCAL_RANK=str(rank))
    with pytest.raises(
        InputError,
        match='4 processes were started on this machine, but PyTorch sees 2 GPUs; give torchrun '
        '--nproc_per_node 2, or set use_gpu False',
    ):
        choose_device(read_launch())


def test_two_processes_on_the_only_gpu_of_a_machine(environment):
    environment(gpus=1, LOCAL_RANK='0', LOCAL_WORLD_SIZE='2')
    with pytest.raises(InputError, match='2 processes .+ sees 1 GPU; .+ --nproc_per_node 1'):
        choose_device(read_launch())


def test_a_launcher_that_shows_each_process_one_gpu(environment):
    environment(gpus=1, LOCAL_RANK='3', CUDA_VISIBLE_DEVICES='3')
    assert choose_device(read_launch()) == 0


def test_processes_of_a_machine_are_counted_without_torchrun(environment):
    environment(gpus=2, without=('LOCAL_WORLD_SIZE',), LOCAL_RANK='2')
    with pytest.raises(InputError, match='3 processes .+ 2 GPUs'):
        choose_device(read_launch())


def test_idle_gpus(environment):
    environment(gpus=8)
    assert unused_resources(use_gpu=True) == (
        'Note: 1 of 8 GPUs is used; torchrun --nproc_per_node 8 uses all'
    )
    assert not unused_resources(use_gpu=False)
    environment(gpus=1)
    assert not unused_resources(use_gpu=True)


@pytest.mark.parametrize(
    'name', ['SLURM_STEP_NUM_TASKS', 'OMPI_COMM_WORLD_SIZE', 'PMI_SIZE'], ids=str
)
def test_tasks_that_do_not_know_of_each_other(environment, name):
    environment(gpus=0, **{name: '4'})
    assert '4 tasks were started without torchrun' in unused_resources(use_gpu=False)
