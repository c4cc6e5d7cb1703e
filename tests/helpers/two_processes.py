"""Two processes with the environment of ``torchrun``, which run one function after the other.

Starting a process and importing PyTorch takes longer than most tests of distributed code.
"""

import contextlib
import io
import multiprocessing
import os
import socket
from collections.abc import Callable
from typing import Any

import torch
from torch import distributed as dist

from midattr_plugin.distributed import process_group

PATIENCE = 120  # seconds; a process waits for ever if the other one leaves out a collective


def free_port() -> int:
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


class TwoProcesses:
    """Context manager; the processes end with the block."""

    def __enter__(self) -> 'TwoProcesses':
        context = multiprocessing.get_context('forkserver')
        context.set_forkserver_preload(['midattr_plugin.train'])  # imported once for both
        self._pools = [context.Pool(1, _prepare, (rank,)) for rank in range(2)]
        return self

    def __exit__(self, *error) -> None:
        for pool in self._pools:
            pool.terminate()
            pool.join()

    def __call__(self, function: Callable, *arguments: Any) -> tuple[list, str, str]:
        """Runs ``function(*arguments)`` in both: the two results, what was printed, and stderr."""
        port = free_port()  # each group meets at a port of its own
        calls = [
            pool.apply_async(_captured, (str(port), function, arguments)) for pool in self._pools
        ]
        for call in calls:
            call.wait(PATIENCE)
        # of two failures the one that the other process has not caused comes first
        calls.sort(key=lambda call: call.ready() and not call.successful(), reverse=True)
        answers = sorted(call.get(0) for call in calls)
        return (
            [result for _, result, _, _ in answers],
            ''.join(out for *_, out, _ in answers),
            ''.join(err for *_, err in answers),
        )


def _prepare(rank: int) -> None:
    os.environ |= {
        'RANK': str(rank),
        'LOCAL_RANK': str(rank),
        'WORLD_SIZE': '2',
        'MASTER_ADDR': '127.0.0.1',
        'CUDA_VISIBLE_DEVICES': '',
    }
    torch.set_num_threads(1)
    process_group._end_process = _raise_the_end  # the process is needed for other functions


def _raise_the_end(status: int) -> None:
    raise RuntimeError(f'the process ends with status {status}')


def _captured(port: str, function: Callable, arguments: tuple) -> tuple[int, Any, str, str]:
    os.environ['MASTER_PORT'] = port
    torch.manual_seed(0)
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        try:
            result = function(*arguments)
        finally:
            if dist.is_initialized():  # the function has failed
                dist.destroy_process_group()
    return int(os.environ['RANK']), result, out.getvalue(), err.getvalue()
