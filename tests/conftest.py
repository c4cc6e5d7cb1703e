import os

# Everything here is so small that handing it to a second thread costs more than it saves, in this
# process and in those that tests start.
os.environ.setdefault('OMP_NUM_THREADS', '1')

import pytest
import torch

from helpers.backbone_names import NAMES
from helpers.tiny_run import EXTENSION
from midattr_plugin.config.extensions import load_extensions

torch.set_num_threads(1)

# known in every test, whichever comes first
load_extensions([EXTENSION], 'tests/conftest.py')


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)


def pytest_addoption(parser):
    parser.addoption(
        '--kills',
        type=int,
        default=2,
        help='how often test_kill_resume.py, test_full_disk.py and test_compare.py stop a run',
    )
    parser.addoption(
        '--mutations',
        type=int,
        default=30,
        help='how many damaged files of each kind the tests test_mutated_*.py read',
    )
    parser.addoption(
        '--backbones',
        type=int,
        default=3,
        help='how many backbones the slower tests of all backbones take',
    )

    parser.addoption(
        '--suites',
        type=int,
        default=40,
        help='how many suites of each kind test_crossed_intervals.py simulates',
    )


def pytest_generate_tests(metafunc):
    if 'some_backbone' in metafunc.fixturenames:
        metafunc.parametrize('some_backbone', NAMES[: metafunc.config.getoption('--backbones')])


@pytest.fixture
def suites(request):
    return request.config.getoption('--suites')


@pytest.fixture
def kills(request):
    return request.config.getoption('--kills')


@pytest.fixture
def mutations(request):
    return request.config.getoption('--mutations')
