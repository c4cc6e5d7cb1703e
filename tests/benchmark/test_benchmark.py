"""The benchmark measures what its report says; no duration is asserted."""

import itertools
import json
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from tqdm import tqdm

from helpers.fake_market import write_market_tree
from midattr_plugin import ImageMidAttrEngine, torchreid_compat, use_fast_ranking
from midattr_plugin.benchmark import (
    cli,
    loading,
    memory,
    peak,
    ranking,
    report,
    systems,
    training,
)
from midattr_plugin.benchmark.training import PHASES, measure_phases, measure_training
from midattr_plugin.engine.precision import is_supported

SETTINGS = [
    'data.height',
    32,
    'data.width',
    16,
    'data.workers',
    0,
    'train.batch_size',
    4,
    'use_gpu',
    False,
]


@pytest.fixture
def settings(tmp_path):
    """A tiny dataset instead of the rendered one."""
    write_market_tree(tmp_path, folder='midattr_demo', train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    yield ['data.root', str(tmp_path), *SETTINGS]
    use_fast_ranking()


@pytest.fixture
def in_this_process(monkeypatch):
    """Runs in this process what would run in a new one."""
    monkeypatch.setattr(memory, 'in_fresh_process', lambda function, *args: function(*args))
    for module in (cli, ranking):
        monkeypatch.setattr(module, 'in_fresh_process', lambda function, *args: function(*args))


@pytest.fixture
def small_models(monkeypatch):
    small = {
        'model.name': {
            'resnet50': 'resnet18',
            'pcb_p6': 'resnet18',
            'midattr_resnet50_market': 'midattr_resnet18_market',
        }
    }
    monkeypatch.setattr(
        systems,
        'SYSTEMS',
        {
            name: [small['model.name'].get(value, value) for value in pairs]
            for name, pairs in systems.SYSTEMS.items()
            if 'bf16' not in pairs
        },
    )


@pytest.mark.parametrize('name', ['torchreid resnet50', 'ours fp32'])
def test_phases(settings, small_models, monkeypatch, name):
    """The clock ticks whenever it is read: at data, forward, backward, forward again between
    backward and step, step, and forward again after it."""
    ticks = itertools.count()
    monkeypatch.setattr(training, 'perf_counter', lambda: next(ticks))
    backward = torch.Tensor.backward
    seconds = measure_phases(systems.System(name, settings), 3)
    assert seconds == {'data': 1, 'forward': 3, 'backward': 1, 'step': 1}
    assert set(seconds) == set(PHASES)
    assert torch.Tensor.backward is backward


@pytest.mark.parametrize(
    'name, written', [('torchreid resnet50', [0, 1, 2, 3, 4, 2, 3]), ('ours fp32', [2, 4, 3])]
)
def test_what_is_timed_is_the_engines_training(
    settings, small_models, monkeypatch, tmp_path, name, written
):
    """Its loop, its lines and its scalars: torchreid's at each step, ours at those printed."""
    system = systems.System(name, [*settings, 'train.print_freq', 3])
    steps, batches = [], []
    monkeypatch.setattr(
        system.engine.writer,
        'add_scalar',
        lambda tag, value, step: steps.append(step) if tag == 'Train/loss' else None,
    )
    step = system.engine.forward_backward
    monkeypatch.setattr(
        system.engine,
        'forward_backward',
        lambda data: batches.append(system.engine.batch_idx) or step(data),
    )
    training.seconds_per_iteration(system, 5)
    training.seconds_per_iteration(system, 2)  # epoch 2 of 2 batches: steps 2 and 3
    assert batches == [0, 1, 2, 3, 4, 0, 1]
    assert steps == written
    assert not list(tmp_path.rglob('*.pth.tar*'))
    kinds = torchreid_compat.ImageSoftmaxEngine, ImageMidAttrEngine
    assert type(system.engine) is kinds['ours' in name]


def test_workers_start_once(settings, small_models, monkeypatch):
    """Not in every epoch of this small dataset, of four batches."""
    made = []
    start = torch.utils.data.DataLoader.__iter__
    monkeypatch.setattr(
        torch.utils.data.DataLoader, '__iter__', lambda loader: made.append(loader) or start(loader)
    )
    system = systems.System('torchreid resnet50', settings)
    for iterations in (3, 7):
        training.seconds_per_iteration(system, iterations)
    assert len(made) == 1


@pytest.mark.parametrize(
    'name, seconds, chosen',
    [
        ('torchreid resnet50', {0: 5, 1: 3, 2: 4}, 1),
        ('torchreid resnet50', {2: 4}, 0),
        ('ours fp32', {1: 3, 2: 4}, 0),
    ],
)
def test_the_best_number_of_workers(settings, small_models, monkeypatch, name, seconds, chosen):
    """Unless there is one only, or the images are cached."""
    system = systems.System(name, settings)
    monkeypatch.setattr(
        training, 'seconds_per_iteration', lambda system, iterations: seconds[system.workers]
    )
    training.choose_workers(system, list(seconds), 2)
    assert system.workers == chosen
    assert system.has_workers == ('torchreid' in name)
    assert len(system.next_batch()['pid']) == 4


@pytest.mark.parametrize('device, during', [('cuda', 'high'), ('cpu', 'highest')])
def test_the_peak_of_a_gpu_is_that_of_its_convolutions(monkeypatch, device, during):
    """With TF32, which is off afterwards, whatever happens; on the CPU it is left alone."""
    before, found = torch.get_float32_matmul_precision(), []
    rand = torch.randn
    monkeypatch.setattr(torch, 'randn', lambda *size, device: rand(*size))
    monkeypatch.setitem(peak._SIZES, device, 4)
    monkeypatch.setattr(
        peak, '_seconds', lambda a, b: found.append(torch.get_float32_matmul_precision()) or 0.5
    )
    assert peak.matrix_peak('fp32', device, repeats=2) == 4**3 / 0.5
    monkeypatch.setattr(peak, '_seconds', lambda a, b: found.append('error') or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        peak.matrix_peak('fp32', device)
    assert found == [during, during, 'error']
    assert torch.get_float32_matmul_precision() == before == 'highest'


def test_learned_weights_of_the_losses_are_trained(settings, small_models):
    pairs = ['midattr.task_weights', 'uncertainty']
    system = systems.System('ours fp32', [*settings, *pairs])
    [learned] = system.engine.criterion.parameters()
    assert (learned == 0).all()
    for _ in range(2):
        system.train(1)
    assert (learned != 0).all()
    other = systems.System('torchreid resnet50', [*settings, *pairs])  # to which they mean nothing
    other.train(1)


def test_torchreids_optimizer_is_not_fused(settings, small_models):
    fused = [
        systems.System(name, settings).optimizer.param_groups[0].get('fused')
        for name in ('torchreid resnet50', 'ours fp32')
    ]
    assert fused == [None, True]


def test_training_in_turns(settings, small_models, monkeypatch):
    order = []
    monkeypatch.setattr(
        training,
        'seconds_per_iteration',
        lambda system, iterations: order.append((system.name, iterations)) or 0.5 * len(order),
    )
    built = [systems.System(name, settings) for name in ('torchreid resnet50', 'ours fp32')]
    rows = measure_training(built, turns=3, iterations=3)
    assert order == [('torchreid resnet50', 2), ('ours fp32', 2)] + 3 * [
        ('torchreid resnet50', 3),
        ('ours fp32', 3),
    ]
    # totals 1.5, 2.5, 3.5 of the first, 2, 3, 4 of the second
    assert rows['ours fp32']['turns'] == [2, 3, 4]
    assert rows['ours fp32']['img/s'] == pytest.approx(4 / 3)
    assert rows['ours fp32']['ratio'] == pytest.approx(2.5 / 3)
    assert rows['torchreid resnet50']['ratio'] == 1
    assert set(rows['ours fp32']['ms']) == set(PHASES)
    more = rows['ours fp32']['multiply-adds'] - rows['torchreid resnet50']['multiply-adds']
    assert more > 0


def test_batches_continue_into_the_next_epoch(settings, small_models):
    system = systems.System('torchreid resnet50', settings)
    assert [len(system.next_batch()['pid']) for _ in range(9)] == [4] * 9


def test_rankings_agree(in_this_process):
    results = [
        ranking._rank(300, limit, fast, queries=20)
        for limit, fast in ((1.0, True), (1e-6, True), (float('inf'), False))
    ]
    use_fast_ranking()
    # blocks are computed while they are ranked
    assert [result['distances'] is None for result in results] == [False, True, False]
    for result in results:
        assert result['mAP'] == pytest.approx(results[0]['mAP'], abs=1e-6)
        assert result['features GiB'] == pytest.approx(320 * 2048 * 4 / 2**30)


def test_a_fresh_process_has_its_own_peak():
    filled = torch.ones(100, 2**20)  # 400 MiB here, not there
    assert memory.in_fresh_process(memory.peak_rss) < memory.peak_rss()
    assert memory.peak_rss() > filled.nbytes


def test_loaders(settings):
    rows = loading.measure_loading(settings, turns=1, images=8)
    assert list(rows) == ['torchreid loader', 'ram cache']
    assert rows['torchreid loader']['ratio'] == 1 and rows['ram cache']['img/s'] > 0


def test_command_writes_the_report(
    settings, small_models, in_this_process, monkeypatch, tmp_path, capsys
):
    monkeypatch.setitem(peak._SIZES, 'cpu', 64)
    names = [name for name in systems.SYSTEMS if name != 'torchreid pcb_p6']
    arguments = [
        '--root',
        str(tmp_path),
        '--out',
        str(tmp_path / 'out/table'),
        '--parts',
        *cli.PARTS,
        '--systems',
        *names,
        '--height',
        '32',
        '--width',
        '16',
        '--batch-size',
        '4',
        '--workers',
        '0',
        '--turns',
        '1',
        '--iterations',
        '1',
        '--schedule-iterations',
        '2',
        '--galleries',
        '60',
        '80',
        '--torchreid-up-to',
        '60',
    ]
    assert cli.main(arguments) == 0
    page = (tmp_path / 'out/table.md').read_text()
    assert page.strip() in capsys.readouterr().out
    results = json.loads((tmp_path / 'out/table.json').read_text())
    assert set(results) == {'machine', 'options', *cli.PARTS}
    assert list(results['training']) == names
    for heading in (
        'Training',
        'Feature extraction',
        'Loading',
        'Ranking',
        'Training time of the paper',
    ):
        assert heading in page
    assert 'rendered images' in page and 'not measured' not in page
    assert [(row['gallery'], row['by']) for row in results['ranking']] == [
        (60, 'ours'),
        (60, 'torchreid'),
        (80, 'ours'),
    ]
    assert results['extraction']['ours fp32']['extra'] > -1


def test_a_benchmark_that_is_stopped_leaves_what_it_has_measured(
    small_models, in_this_process, monkeypatch, tmp_path
):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, 'measure_loading', lambda *_: {'ram cache': {'img/s': 7, 'ratio': 1}})
    monkeypatch.setattr(cli, '_rankings', stopped)
    out = str(tmp_path / 'table')
    arguments = ['--root', str(tmp_path), '--out', out, '--parts', 'loading', 'ranking']
    assert cli.main([*arguments, '--workers', '0']) == 130
    assert set(json.loads((tmp_path / 'table.json').read_text())) == {
        'machine',
        'options',
        'loading',
    }


def test_without_progress_bars_the_schedule_ends(monkeypatch):
    """With TQDM_DISABLE in the environment a bar counts nothing."""
    measured = []
    monkeypatch.setattr(cli, 'tqdm', partial(tqdm, disable=True))
    monkeypatch.setattr(
        cli, 'seconds_per_iteration', lambda system, count: measured.append(count) or 2.0
    )
    system = SimpleNamespace(
        name='x', warm_up=1, batch_size=32, cfg=SimpleNamespace(train=SimpleNamespace(print_freq=4))
    )
    row = cli._projected_schedule(system, 10)
    assert measured == [1, 4, 4, 2]
    assert row == {'iterations': 10, 'batch': 32, 'hours': pytest.approx(2 * 25_000 / 3600)}


def test_distances_in_blocks_have_no_time_of_their_own():
    numbers = ('gallery', 'ranking', 'GiB', 'features GiB', 'mAP', 'mAP_zheng2015')
    row = dict.fromkeys(numbers, 1) | {'by': 'ours', 'distances': None}
    assert '| in blocks ' in report.markdown({'machine': {'device': 'cpu'}, 'ranking': [row]})


def test_the_report_contains_only_what_was_measured():
    page = report.markdown({'machine': {'device': 'cpu'}, 'loading': {}})
    assert '## Loading' in page and '## Training' not in page


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['--turns', '0'], 'argument --turns: 0 is too small, give 1 or more'),
        (['--galleries', '3', 'x'], "argument --galleries: invalid number value: 'x'"),
        (['--systems', 'mine'], "argument --systems: invalid choice: 'mine'"),
    ],
)
def test_impossible_arguments(arguments, words, capsys):
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert words in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_rejected_before_measuring(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(cli, 'System', None)
    (tmp_path / 'file').write_text('')
    assert cli.main(['--root', str(tmp_path), '--out', str(tmp_path / 'file/table')]) == 1
    assert 'cannot be written to' in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason='this machine has a GPU')
def test_a_machine_without_a_gpu(settings, tmp_path, capsys):
    assert (
        cli.main(
            [
                '--root',
                str(tmp_path),
                '--out',
                str(tmp_path / 'table'),
                '--parts',
                'training',
                '--systems',
                'ours GPU',
            ]
        )
        == 1
    )
    assert 'midattr.cache is device, but no GPU is used' in capsys.readouterr().err


@pytest.mark.skipif(
    is_supported('bf16', 'cpu') or torch.cuda.is_available(), reason='this machine has bf16'
)
def test_a_machine_without_bf16(tmp_path, capsys):
    assert cli.main(['--root', str(tmp_path), '--parts', 'training']) == 1
    assert 'midattr.precision' in capsys.readouterr().err
