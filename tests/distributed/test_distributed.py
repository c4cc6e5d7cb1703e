"""Two processes on the CPU against one."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch

from helpers.fake_market import write_market_tree
from helpers.paths import PROJECT
from helpers.tiny_run import arguments
from midattr_plugin import build, distributed, torchreid_compat
from midattr_plugin.config import parse_config
from midattr_plugin.distributed import process_group, sharding
from midattr_plugin.errors import InputError
from midattr_plugin.train import main

EXACT = [
    'midattr.dropout',
    0.0,
    'data.transforms',
    '[]',
    'train.lr',
    0.001,
    'train.batch_size',
    8,
    'train.max_epoch',
    2,
]

TRIPLET = [
    'model.name',
    'resnet18',
    'loss.name',
    'triplet',
    'sampler.train_sampler',
    'RandomIdentitySampler',
    'sampler.num_instances',
    2,
]


@pytest.fixture
def root(tmp_path):
    # 5 queries and 15 images of the gallery: no multiples of 2
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    query = tmp_path / 'market1501/Market-1501-v15.09.15/query'
    min(query.iterdir()).unlink()
    return tmp_path


def free_port():
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


def launch_two(root, *pairs):
    command = [
        sys.executable,
        '-m',
        'torch.distributed.run',
        '--nproc_per_node=2',
        f'--master_port={free_port()}',
        str(PROJECT / 'tools/train.py'),
        *arguments(root, *pairs),
    ]
    environment = os.environ | {'PYTHONPATH': str(PROJECT), 'OMP_NUM_THREADS': '1'}
    return subprocess.run(
        command, env=environment, text=True, capture_output=True, check=False, timeout=300
    )


def outcome(root, save_dir):
    state = torch.load(root / save_dir / 'model/model.pth.tar-last', weights_only=True)
    metrics = json.loads((root / save_dir / 'metrics.json').read_text())
    return state['state_dict'] | state['criterion'], metrics


def at_start(root, *pairs):
    cfg = parse_config(arguments(root, *pairs))
    torchreid_compat.utils.set_random_seed(cfg.train.seed)
    return build.build_model(cfg, build.build_datamanager(cfg).num_train_pids).state_dict()


@pytest.mark.parametrize(
    'pairs',
    [
        [],
        [
            'sampler.train_sampler',
            'RandomIdentitySampler',
            'sampler.num_instances',
            2,
            'midattr.cache',
            'ram',
            'midattr.triplet_weight',
            0.1,
            'midattr.task_weights',
            'uncertainty',
        ],
        [
            'midattr.bnneck',
            True,
            'midattr.attribute_layer',
            'mixture',
            'midattr.last_stride',
            1,
            'train.fixbase_epoch',
            1,
            'train.open_layers',
            "['classifier', 'classifier_part']",
        ],
        TRIPLET,  # which leaves the classifier without gradients
        [*TRIPLET, 'loss.triplet.weight_x', 1],
    ],
)
def test_two_processes_are_as_good_as_one(root, pairs):
    assert main(arguments(root, *EXACT, *pairs, 'data.save_dir', root / 'alone')) == 0
    result = launch_two(root, *EXACT, *pairs)
    assert result.returncode == 0, result.stderr
    weights, metrics = outcome(root, 'alone')
    shared_weights, shared_metrics = outcome(root, 'log')
    before = at_start(root, *EXACT, *pairs)
    for key, value in weights.items():
        # against what training changed, which is little
        allowed = 0.02 * (value - before.get(key, 0)).float().norm() + 1e-6
        assert (shared_weights[key] - value).float().norm() <= allowed, key
    assert shared_metrics['epoch'] == 2
    for target, scores in metrics['reid'].items():
        for name, values in scores.items():
            assert shared_metrics['reid'][target][name] == pytest.approx(values, abs=0.1)
    for target, scores in metrics['attributes'].items():
        assert shared_metrics['attributes'][target]['average'] == pytest.approx(
            scores['average'], abs=0.05
        )
    assert result.stdout.count('Results: ') == 1 and ', 2 processes' in result.stdout
    assert len(list((root / 'log').glob('train.log*'))) == 1


@pytest.mark.parametrize('model', [[], ['model.name', 'resnet18', 'loss.name', 'softmax']])
def test_evaluation_is_shared_out_and_the_same(root, model):
    assert main(arguments(root, *EXACT, *model, 'data.save_dir', root / 'alone')) == 0
    # 5 images cannot be shared evenly, which only training needs
    result = launch_two(
        root,
        *model,
        'test.evaluate',
        True,
        'train.batch_size',
        5,
        'model.load_weights',
        root / 'alone/model/model.pth.tar-last',
    )
    assert result.returncode == 0, result.stderr
    metrics = [
        json.loads((root / path).read_text())
        for path in ('alone/metrics.json', 'log/metrics-test.json')
    ]
    assert bool(metrics[0]['attributes']) == (not model)
    for scores in ('reid', 'attributes'):
        for name, values in metrics[0][scores].get('market1501_attr', {}).items():
            assert metrics[1][scores]['market1501_attr'][name] == pytest.approx(values, abs=1e-6)


def test_a_process_that_fails_ends_the_run(root):
    """A broken image is met by one of the two."""
    path = sorted((root / 'market1501/Market-1501-v15.09.15/bounding_box_train').iterdir())[3]
    path.write_bytes(b'')
    result = launch_two(root, *EXACT)
    assert result.returncode != 0
    assert f'image "{path}" is truncated or not an image' in result.stderr


@pytest.fixture
def second_of_three(monkeypatch):
    """This process as number 1 of 3, of which the main one draws what the test says."""
    for module in (process_group, sharding):
        monkeypatch.setattr(module, 'world_size', lambda: 3)
        monkeypatch.setattr(module, 'process_rank', lambda: 1)
    monkeypatch.setattr(sharding, 'is_main', lambda: False)


def test_a_batch_is_cut_into_stretches(second_of_three, monkeypatch):
    batches = [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]
    monkeypatch.setattr(sharding, 'broadcast', lambda drawn: batches if drawn is None else None)
    sampler = sharding.ShardedBatchSampler(batches)
    assert list(sampler) == [[3, 4], [9, 10]] and len(sampler) == 2


def test_batches_that_cannot_be_shared(second_of_three):
    sharding.check_batch(12, 'RandomSampler', 4)
    sharding.check_batch(12, 'RandomIdentitySampler', 4)
    with pytest.raises(
        InputError, match='16 images cannot be divided evenly among 3 processes; choose a multiple of 3'
    ):
        sharding.check_batch(16, 'RandomSampler', 4)
    with pytest.raises(InputError, match='4 images of an identity .+ choose a multiple of 12'):
        sharding.check_batch(6, 'RandomIdentitySampler', 4)


def test_a_process_alone_needs_no_group(monkeypatch):
    monkeypatch.delenv('WORLD_SIZE', raising=False)
    with distributed.joined_group():
        assert distributed.world_size() == 1 and distributed.is_main()
        assert distributed.broadcast('x') == 'x'
        assert distributed.main_first(lambda: 5) == 5
        rows = torch.arange(3)
        assert distributed.gather_with_gradients(rows) is rows
        assert distributed.sum_over_processes(rows) is rows
        assert process_group.gather_interleaved(rows) is rows


WORKER = """
import os, sys, torch
sys.path.insert(0, {project!r})
from midattr_plugin.distributed import *
from midattr_plugin.distributed.process_group import gather_interleaved
from midattr_plugin.distributed.sync_batch_norm import synchronize_batch_norm
torch.manual_seed(0)
with joined_group():
    for count in range(1, 6):
        whole = torch.arange(count * 2).view(count, 2)
        assert torch.equal(gather_interleaved(whole[process_rank()::world_size()]), whole), count
    assert broadcast(process_rank()) == 0
    assert sum_over_processes(torch.tensor(process_rank() + 1)) == 3
    x = torch.randn(8, 5, 3, 2)
    plain = torch.nn.BatchNorm2d(5)
    torch.nn.init.uniform_(plain.weight)
    shared = torch.nn.BatchNorm2d(5)
    shared.load_state_dict(plain.state_dict())
    shared = synchronize_batch_norm(torch.nn.Sequential(shared))[0]
    whole = x.clone().requires_grad_()
    plain(whole).pow(3).sum().backward()
    part = x[process_rank() * 4:process_rank() * 4 + 4].clone().requires_grad_()
    shared(part).pow(3).sum().backward()
    close = torch.testing.assert_close
    close(part.grad, whole.grad[process_rank() * 4:process_rank() * 4 + 4], rtol=1e-4, atol=1e-4)
    close(sum_over_processes(shared.weight.grad), plain.weight.grad, rtol=1e-4, atol=1e-4)
    for key, value in plain.state_dict().items():
        close(shared.state_dict()[key], value)
    close(shared.eval()(x), plain.eval()(x))
    pids = torch.arange(8)
    assert torch.equal(gather_with_gradients(pids[process_rank() * 4:process_rank() * 4 + 4]), pids)
    whole = torch.randn(8, 5, requires_grad=True)
    whole.cumsum(0).pow(2).sum().backward()
    part = whole.detach()[process_rank() * 4:process_rank() * 4 + 4].requires_grad_()
    gather_with_gradients(part).cumsum(0).pow(2).sum().backward()
    close(part.grad / world_size(), whole.grad[process_rank() * 4:process_rank() * 4 + 4])
    x = torch.randn(8, 5)
    for bias in (True, False):
        plain, shared = torch.nn.BatchNorm1d(5), torch.nn.BatchNorm1d(5)
        torch.nn.init.uniform_(plain.weight)
        if bias:
            torch.nn.init.uniform_(plain.bias)
        else:
            plain.bias = shared.bias = None
        shared.load_state_dict(plain.state_dict())
        shared = synchronize_batch_norm(torch.nn.Sequential(shared))[0]
        whole = x.clone().requires_grad_()
        expected = plain(whole)
        expected.pow(3).sum().backward()
        part = x[process_rank() * 4:process_rank() * 4 + 4].clone().requires_grad_()
        got = shared(part)
        got.pow(3).sum().backward()
        close(got, expected[process_rank() * 4:process_rank() * 4 + 4])
        mine = slice(process_rank() * 4, process_rank() * 4 + 4)
        close(part.grad, whole.grad[mine], rtol=1e-4, atol=1e-4)
        for name, parameter in plain.named_parameters():
            grad = sum_over_processes(shared.get_parameter(name).grad)
            close(grad, parameter.grad, rtol=1e-4, atol=1e-4)
        for key, value in plain.state_dict().items():
            close(shared.state_dict()[key], value)
        close(shared.eval()(x), plain.eval()(x))
"""


def test_what_processes_tell_each_other(tmp_path):
    """Uneven ends are gathered exactly once; batch statistics are those of the whole batch."""
    script = tmp_path / 'worker.py'
    script.write_text(WORKER.format(project=str(PROJECT)))
    result = subprocess.run(
        [
            sys.executable,
            '-m',
            'torch.distributed.run',
            '--nproc_per_node=2',
            f'--master_port={free_port()}',
            str(script),
        ],
        env=os.environ | {'OMP_NUM_THREADS': '1'},
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr


def test_numpy_indices_are_sent_as_numbers(monkeypatch):
    sent = []
    monkeypatch.setattr(sharding, 'broadcast', lambda drawn: sent.append(drawn) or drawn)
    assert list(sharding.ShardedBatchSampler([[np.int64(3), 4]])) == [[3, 4]]
    assert all(type(index) is int for index in sent[0][0])
