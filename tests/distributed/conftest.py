import pytest

from helpers.two_processes import TwoProcesses


@pytest.fixture(scope='session')
def two_processes():
    with TwoProcesses() as processes:
        yield processes
