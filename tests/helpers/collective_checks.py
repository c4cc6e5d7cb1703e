"""Checks that two processes run together; each joins the group, and raises if something differs."""

from types import SimpleNamespace
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.testing import assert_close
from torch.utils.data import DataLoader

from helpers import batch_norm_kernels
from midattr_plugin.distributed import (
    broadcast,
    gather_objects,
    gather_with_gradients,
    gathering,
    is_main,
    joined_group,
    main_first,
    process_rank,
    sum_over_processes,
    world_size,
)
from midattr_plugin.distributed.sharding import check_same_images, sharded_train_loader
from midattr_plugin.distributed.sync_batch_norm import (
    SynchronizedBatchNorm,
    average_running_statistics,
    synchronize_batch_norm,
)
from midattr_plugin.engine import ImageMidAttrEngine
from midattr_plugin.engine.learned_losses import average_before_steps
from midattr_plugin.errors import InputError
from midattr_plugin.loading import EpochLoader
from midattr_plugin.losses import METRIC_LOSSES, MidAttrLoss
from midattr_plugin.train import main


def mine(batch: Tensor) -> Tensor:
    """This process's half of a batch."""
    return batch.chunk(world_size())[process_rank()]


def small_messages() -> None:
    with joined_group(False):
        assert world_size() == 2
        assert broadcast(process_rank()) == 0
        assert sum_over_processes(torch.tensor(process_rank() + 1)) == 3


def main_process_goes_first(path: str) -> None:
    """The second process finds the file that the first has written."""

    def number_of_call() -> int:
        with open(path, 'a+') as file:
            file.write('.')
        with open(path) as file:
            return len(file.read())

    with joined_group(False):
        assert main_first(number_of_call) == process_rank() + 1


def objects_reach_only_the_main_process() -> None:
    with joined_group(False):
        assert gather_objects(process_rank() + 5) == ([5, 6] if process_rank() == 0 else [])


def rows_reach_only_the_main_process() -> None:
    """Of any number of rows, in any number of blocks, also in place."""
    with joined_group(False):
        for count in range(1, 8):
            for gathering._BLOCK_BYTES in (1, 16, 2**20):
                whole = torch.arange(count * 3).view(count, 3)
                share = whole[list(gathering.rows_of_process(count))]
                assert len(share) == (count + 1 - process_rank()) // 2
                gathered = gathering.gather_interleaved_to_main(share, count)
                place = torch.full((count, 3), -1)
                place[::2] = whole[::2]
                if is_main():
                    assert_close(gathered, whole, atol=0, rtol=0)
                    gathering.gather_interleaved_to_main(place[::2], count, place)
                    assert_close(place, whole, atol=0, rtol=0)
                else:
                    assert gathered is None
                    assert gathering.gather_interleaved_to_main(share, count, place) is None


def the_same_images_everywhere() -> None:
    def loader(names, frames=()):
        rows = [(f'/machine{process_rank()}/{name}.jpg', i, 0, 0) for i, name in enumerate(names)]
        rows += [(tuple(frames), 1, 0, 0)] if frames else []
        return SimpleNamespace(dataset=SimpleNamespace(data=rows))

    def data(names, frames=(), held_out='c'):
        both = loader(names, frames)
        return SimpleNamespace(
            train_loader=both,
            test_loader={'target': {'query': both, 'gallery': both}},
            held_out_loaders={'query': loader(held_out)},
        )

    with joined_group(False):
        check_same_images(data('ab', frames=('a/1.jpg', 'a/2.jpg')))
        for given in (
            [['ab'], ['ba']],
            [['ab', '12'], ['ab', '13']],
            [['ab'], ['ab', '', 'd']],
        ):
            try:
                check_same_images(data(*given[process_rank()]))
            except InputError as error:
                assert 'process 1, on ' in error.sentence and 'share' in error.sentence
            else:
                raise AssertionError('other images were not noticed')


def shards_of_an_epoch() -> None:
    """Together they are the batches of one process, whatever each process has drawn."""
    whole = DataLoader(torch.arange(24), batch_size=6, shuffle=True)
    expected = list(EpochLoader(whole, 1, 2))
    torch.manual_seed(process_rank())
    with joined_group(False):
        shards = list(EpochLoader(sharded_train_loader(whole), 1, 2))
        for batch, shard in zip(expected, shards, strict=True):
            assert_close(shard, mine(batch), atol=0, rtol=0)


def gathered_rows_have_gradients() -> None:
    with joined_group(False):
        pids = torch.arange(8)
        assert_close(gather_with_gradients(mine(pids)), pids, atol=0, rtol=0)
        whole = torch.randn(8, 5, requires_grad=True)
        whole.cumsum(0).pow(2).sum().backward()
        part = mine(whole.detach()).clone().requires_grad_()
        gather_with_gradients(part).cumsum(0).pow(2).sum().backward()
        assert_close(part.grad / world_size(), mine(whole.grad))


def metric_losses_compare_all_images() -> None:
    with joined_group(False):
        pids = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
        whole = torch.randn(8, 5, requires_grad=True)
        for _, kind in METRIC_LOSSES.items():
            loss = kind()(whole, pids)
            (expected,) = torch.autograd.grad(loss, whole)
            part = mine(whole.detach()).clone().requires_grad_()
            criterion = MidAttrLoss(triplet_weight=1, metric_loss=kind())
            logits = {'global': torch.zeros(4, 3)}
            terms = criterion(logits, {}, mine(pids), features={'global': part})
            terms['loss'].backward()
            assert_close(terms['loss_triplet_global'], loss)
            assert_close(part.grad / world_size(), mine(expected))


def batch_norm_of_maps() -> None:
    with joined_group(False):
        _check_batch_norm(nn.BatchNorm2d(5), torch.randn(8, 5, 3, 2))


def batch_norm_of_vectors() -> None:
    with joined_group(False):
        _check_batch_norm(nn.BatchNorm1d(5), torch.randn(8, 5))


def batch_norm_without_bias() -> None:
    plain = nn.BatchNorm1d(5)
    plain.bias = None
    with joined_group(False):
        _check_batch_norm(plain, torch.randn(8, 5))


def batch_norm_by_kernels() -> None:
    """The code for GPUs, with PyTorch's kernels in plain operations."""
    SynchronizedBatchNorm._on_cpu, before = (
        SynchronizedBatchNorm._on_gpu,
        SynchronizedBatchNorm._on_cpu,
    )
    without_bias = nn.BatchNorm1d(5)
    without_bias.bias = None
    maps = torch.randn(8, 5, 3, 2)
    with joined_group(False), batch_norm_kernels.on_the_cpu():
        _check_batch_norm(nn.BatchNorm2d(5), maps)
        _check_batch_norm(nn.BatchNorm2d(5), maps.to(memory_format=torch.channels_last))
        _check_batch_norm(nn.BatchNorm1d(5), torch.randn(8, 5))
        _check_batch_norm(without_bias, torch.randn(8, 5))
    SynchronizedBatchNorm._on_cpu = before


def running_statistics_are_averaged() -> None:
    with joined_group(False):
        model = nn.Sequential(nn.BatchNorm1d(3), nn.BatchNorm2d(2), nn.BatchNorm1d(1))
        model[2] = nn.BatchNorm1d(1, track_running_stats=False)
        for layer in model[:2]:
            layer.running_mean.fill_(process_rank())
            layer.running_var.fill_(3 * process_rank() + 1)
        average_running_statistics(model)
        for layer in model[:2]:
            assert_close(layer.running_mean, torch.full_like(layer.running_mean, 0.5))
            assert_close(layer.running_var, torch.full_like(layer.running_var, 2.5))


def _check_batch_norm(plain: nn.Module, x: Tensor) -> None:
    """Outputs, gradients and running statistics are those of the whole batch in one process."""
    for parameter in plain.parameters():
        nn.init.uniform_(parameter)
    shared = type(plain)(plain.num_features)
    if plain.bias is None:
        shared.bias = None
    shared.load_state_dict(plain.state_dict())
    shared = synchronize_batch_norm(nn.Sequential(shared))[0]

    whole = x.clone().requires_grad_()
    expected = plain(whole)
    expected.pow(3).sum().backward()
    part = mine(x).clone().requires_grad_()
    output = shared(part)
    output.pow(3).sum().backward()

    assert_close(output, mine(expected))
    assert_close(part.grad, mine(whole.grad), rtol=1e-4, atol=1e-4)
    for name, parameter in plain.named_parameters():
        gradient = sum_over_processes(shared.get_parameter(name).grad)
        assert_close(gradient, parameter.grad, rtol=1e-4, atol=1e-4)
    assert list(shared.state_dict()) == list(plain.state_dict())
    for key, value in plain.state_dict().items():
        assert_close(shared.state_dict()[key], value)
    assert_close(shared.eval()(x), plain.eval()(x))


def criterion_without_a_gradient_in_one_process() -> None:
    """No known label reaches a parameter in one process; another is reached by none at all."""
    first, second, unused = (nn.Parameter(torch.zeros(2)) for _ in range(3))
    with joined_group(False):
        optimizer = torch.optim.SGD([first, second, unused], lr=1.0)
        average_before_steps([first, second, unused], optimizer)
        loss = first.sum() if process_rank() == 0 else 3 * second.sum()
        loss.backward()
        optimizer.step()
        assert_close(first.detach(), torch.full((2,), -0.5))
        assert_close(second.detach(), torch.full((2,), -1.5))
        assert unused.grad is None


def train_compiled(argv: list[str], path: str) -> int:
    """Train, and write the running statistics by which this process has tested."""
    compile, test = torch.compile, ImageMidAttrEngine.test

    def keep_statistics(engine, **options):
        statistics = {k: v for k, v in engine.model.state_dict().items() if 'running' in k}
        torch.save(statistics, f'{path}{process_rank()}')
        return test(engine, **options)

    with (
        patch.object(torch, 'compile', lambda module, mode: compile(module, backend='eager')),
        patch.object(ImageMidAttrEngine, 'test', keep_statistics),
    ):
        return main(argv)


def train_averaged(argv: list[str], path: str) -> int:
    """Train with averaged weights, and write those with which this process has tested."""
    evaluate = ImageMidAttrEngine._evaluate

    def keep_weights(engine, *args, **options):
        weights = {k: v for k, v in engine.model.state_dict().items() if v.is_floating_point()}
        torch.save(weights, f'{path}{process_rank()}')
        return evaluate(engine, *args, **options)

    with patch.object(ImageMidAttrEngine, '_evaluate', keep_weights):
        return main(argv)


CHECKS = (
    small_messages,
    objects_reach_only_the_main_process,
    rows_reach_only_the_main_process,
    the_same_images_everywhere,
    shards_of_an_epoch,
    gathered_rows_have_gradients,
    metric_losses_compare_all_images,
    batch_norm_of_maps,
    batch_norm_of_vectors,
    batch_norm_without_bias,
    batch_norm_by_kernels,
    running_statistics_are_averaged,
    criterion_without_a_gradient_in_one_process,
)
