"""Two processes on the CPU against one."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from helpers import collective_checks, tiny_video
from helpers.fake_market import write_market_tree
from helpers.paths import PROJECT
from helpers.tiny_run import arguments, write_config
from helpers.two_processes import free_port
from midattr_plugin import build, build_data, distributed, torchreid_compat
from midattr_plugin.config import load_config, parse_config
from midattr_plugin.distributed import gathering, process_group, sharding
from midattr_plugin.engine import checkpoint_file
from midattr_plugin.engine.query_scores_file import read_query_scores
from midattr_plugin.errors import InputError
from midattr_plugin.train import main

EXACT = [
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
    'train.seed',  # with some, rounding decides which of two images is the hardest
    2,
]
SOFTMAX = ['model.name', 'resnet18', 'loss.name', 'softmax']


def exact(*pairs):
    """Settings of a training that does not depend on the number of processes."""
    is_ours = 'model.name' not in pairs
    return [*EXACT, *(['midattr.dropout', 0.0] if is_ours else []), *pairs]


def write_tree(root):
    # 5 queries and 15 images of the gallery: not multiples of 2
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    query = root / 'market1501/Market-1501-v15.09.15/query'
    min(query.iterdir()).unlink()
    return root


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp('root'))


@pytest.fixture(scope='module')
def trained_alone(root):
    """Trains in this process, once for each configuration; returns the folder of the run."""
    folders = {}

    def train(pairs):
        if (key := tuple(pairs)) not in folders:
            folder = root / f'alone{len(folders)}'
            assert main(arguments(root, *exact(*pairs), 'data.save_dir', folder)) == 0
            folders[key] = folder
        return folders[key]

    return train


def torchrun(root, *pairs, script=PROJECT / 'tools/train.py'):
    command = [
        sys.executable,
        '-m',
        'torch.distributed.run',
        '--nproc_per_node=2',
        f'--master_port={free_port()}',
        str(script),
        *arguments(root, *pairs),
    ]
    environment = os.environ | {
        'PYTHONPATH': str(PROJECT),
        'OMP_NUM_THREADS': '1',
        'CUDA_VISIBLE_DEVICES': '',
    }
    return subprocess.run(
        command, env=environment, text=True, capture_output=True, check=False, timeout=100
    )


def trained_tensors(folder):
    state = torch.load(folder / 'model/model.pth.tar-last', weights_only=True)
    return state['state_dict'] | state['criterion']


def read_metrics(folder, name='metrics.json'):
    return json.loads((folder / name).read_text())


def initial_weights(root, *pairs):
    cfg = parse_config(arguments(root, *pairs))
    torchreid_compat.utils.set_random_seed(cfg.train.seed)
    return build.build_model(cfg, build.build_datamanager(cfg).num_train_pids).state_dict()


def check_weights(shared, alone, before):
    """Two runs have learned the same but for rounding."""
    weights = trained_tensors(shared)
    for key, value in trained_tensors(alone).items():
        # relative to what training changed, which is little
        allowed = 0.02 * (value - before.get(key, 0)).float().norm() + 1e-6
        assert (weights[key] - value).float().norm() <= allowed, key


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
        [
            'sampler.train_sampler',
            'RandomIdentitySampler',
            'sampler.num_instances',
            2,
            'midattr.triplet_weight',
            0.1,
            'midattr.metric_loss',
            'weighted',
            'midattr.pooling',
            'gem',
            'midattr.non_local',
            '[res3d, res4f]',
            'midattr.classifier',
            'arcface',
        ],
        ['midattr.validation_identities', 2],
        TRIPLET,  # which leaves the classifier without gradients
        [*TRIPLET, 'loss.triplet.weight_x', 1],
    ],
    ids=[
        'plain',
        'identity batches',
        'frozen layers',
        'recipe',
        'held out',
        'triplet',
        'triplet and softmax',
    ],
)
def test_two_processes_train_like_one(root, two_processes, trained_alone, tmp_path, pairs):
    codes, out, err = two_processes(
        main, arguments(root, *exact(*pairs), 'data.save_dir', tmp_path)
    )
    assert codes == [0, 0], err
    alone = trained_alone(pairs)
    check_weights(tmp_path, alone, initial_weights(root, *exact(*pairs)))
    metrics, shared_metrics = map(read_metrics, (alone, tmp_path))
    assert shared_metrics['epoch'] == 2
    for target, scores in metrics['reid'].items():
        for name, values in scores.items():
            assert shared_metrics['reid'][target][name] == pytest.approx(values, abs=0.1)
    for target, scores in metrics['attributes'].items():
        assert shared_metrics['attributes'][target]['average'] == pytest.approx(
            scores['average'], abs=0.05
        )
    assert ('validation_identities' in metrics) == ('midattr.validation_identities' in pairs)
    for name, value in metrics.get('validation_identities', {}).items():
        assert shared_metrics['validation_identities'][name] == pytest.approx(value, abs=0.1)
    assert out.count('Results: ') == 1 and ', 2 processes' in out
    assert len(list(tmp_path.glob('train.log*'))) == 1


def test_resume_is_exact_in_every_process(root, two_processes, tmp_path):
    """Both draw dropout and augmentation; that of the second process is not in its checkpoint."""
    pairs = [*EXACT, 'midattr.dropout', 0.5, 'data.transforms', '[random_flip,random_crop]']
    pairs += ['train.lr', 0.05, 'train.max_epoch', 3, 'test.eval_freq', 1, 'midattr.cache', 'ram']
    whole, resumed = tmp_path / 'whole', tmp_path / 'resumed'
    before = ['model.resume', whole / 'model/model.pth.tar-1']
    for folder, more in ((whole, []), (resumed, before)):
        codes, _, err = two_processes(main, arguments(root, *pairs, *more, 'data.save_dir', folder))
        assert codes == [0, 0], err
    expected = trained_tensors(whole)
    for key, value in trained_tensors(resumed).items():
        assert torch.equal(value, expected[key]), key
    # one process resumes, too, though not as the two would have
    assert main(arguments(root, *pairs, *before, 'data.save_dir', tmp_path / 'alone')) == 0


def test_shards_normalized_by_themselves(root, two_processes, tmp_path):
    """Processes agree on the running statistics by which they extract features."""
    pairs = exact('midattr.sync_batch_norm', False, 'midattr.compile', True)
    codes, _, err = two_processes(
        collective_checks.train_compiled,
        arguments(root, *pairs, 'data.save_dir', tmp_path),
        str(tmp_path / 'statistics'),
    )
    assert codes == [0, 0], err
    first, second = (torch.load(tmp_path / f'statistics{rank}') for rank in range(2))
    trained = trained_tensors(tmp_path)
    assert len(first) == 10
    for key, value in first.items():
        assert torch.equal(value, second[key]) and torch.equal(value, trained[key]), key
    initial = initial_weights(root, *exact())
    assert any(not torch.equal(value, initial[key]) for key, value in first.items())


@pytest.mark.parametrize('is_synchronized', [True, False])
def test_processes_agree_on_averaged_weights(root, two_processes, tmp_path, is_synchronized):
    pairs = exact('midattr.ema_decay', 0.8, 'midattr.sync_batch_norm', is_synchronized)
    codes, _, err = two_processes(
        collective_checks.train_averaged,
        arguments(root, *pairs, 'data.save_dir', tmp_path),
        str(tmp_path / 'tested'),
    )
    assert codes == [0, 0], err
    first, second = (torch.load(tmp_path / f'tested{rank}') for rank in range(2))
    saved = torch.load(tmp_path / 'model/model.pth.tar-last', weights_only=True)
    for key, value in first.items():
        assert torch.equal(value, second[key]) and torch.equal(value, saved['state_dict'][key]), key
    trained = saved['averaging']['weights']
    assert any(not torch.equal(value, trained[key]) for key, value in first.items())


def test_compiling_with_synchronized_statistics(second_of_three, root, monkeypatch):
    monkeypatch.setattr(build_data, 'world_size', lambda: 3)
    for loss in ([], SOFTMAX):
        cfg = load_config(
            write_config(root / 'tiny.yaml'),
            ['midattr.compile', True, 'train.batch_size', 6, *loss],
            root=str(root),
        )
        if loss:  # which compiles nothing
            build.build_datamanager(cfg)
            continue
        with pytest.raises(InputError, match='set midattr.compile False, or midattr.sync_batch'):
            build.build_datamanager(cfg)


@pytest.mark.parametrize('loss', ['softmax', 'triplet'])
def test_videos(two_processes, tmp_path, loss):
    """Tracklets are sharded, with all frames of one in the same process."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    pairs = [
        *(*EXACT, 'model.name', 'resnet18', 'loss.name', loss, 'data.type', 'video'),
        *('data.sources', '[tiny_video]', 'data.targets', '[tiny_video]', 'video.seq_len', 2),
        *('train.max_epoch', 1, 'sampler.train_sampler', 'RandomIdentitySampler'),
        *('sampler.num_instances', 2),
    ]
    if loss == 'triplet':
        pairs += ['loss.triplet.weight_x', 0.5]
    alone, shared = tmp_path / 'alone', tmp_path / 'shared'
    assert tiny_video.train(arguments(tmp_path, *pairs, 'data.save_dir', alone)) == 0
    codes, out, err = two_processes(
        tiny_video.train, arguments(tmp_path, *pairs, 'data.save_dir', shared)
    )
    assert codes == [0, 0], err
    check_weights(shared, alone, initial_weights(tmp_path, *pairs))
    expected = read_metrics(alone)['reid']['tiny_video']['global']
    assert read_metrics(shared)['reid']['tiny_video']['global'] == pytest.approx(expected, abs=0.1)


def check_query_scores(alone, shared):
    """Two files hold the same scores of the same queries but for rounding."""
    files = [read_query_scores(path) for path in (alone, shared)]
    assert list(files[0]) == list(files[1])
    for key, expected in files[0].items():
        found = files[1][key]
        assert found.names == expected.names and len(set(found.names)) == len(found.pids) > 0
        for score in dataclasses.fields(expected):
            if score.name != 'names':
                np.testing.assert_allclose(
                    getattr(found, score.name), getattr(expected, score.name), atol=1e-6
                )


def check_evaluation(alone, shared):
    check_query_scores(alone / 'query_scores.csv', shared / 'query_scores-test.csv')
    metrics, shared_metrics = read_metrics(alone), read_metrics(shared, 'metrics-test.json')
    for scores in ('reid', 'attributes'):
        assert list(metrics[scores]) == list(shared_metrics[scores])
        for name, values in metrics[scores].get('market1501_attr', {}).items():
            assert shared_metrics[scores]['market1501_attr'][name] == pytest.approx(
                values, abs=1e-6
            )
    for target, view in metrics['attributes_binary'].items():
        shared_view = shared_metrics['attributes_binary'][target]
        assert view['labels'] == shared_view['labels']  # sums of counts
        assert view['instance'] == pytest.approx(shared_view['instance'], abs=1e-12)
    return metrics


def evaluation(alone):
    # batches of 5 images cannot be divided evenly, which only training needs
    weights = alone / 'model/model.pth.tar-last'
    return ['test.evaluate', True, 'train.batch_size', 5, 'model.load_weights', weights]


def test_sharded_evaluation_under_torchrun(root, trained_alone, tmp_path):
    alone = trained_alone([])
    result = torchrun(root, *evaluation(alone), 'data.save_dir', tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count('Results: ') == 1 and ', 2 processes' in result.stdout
    assert check_evaluation(alone, tmp_path)['attributes']


def test_sharded_evaluation_of_torchreids_engine(root, two_processes, trained_alone, tmp_path):
    alone = trained_alone(SOFTMAX)
    pairs = [*SOFTMAX, *evaluation(alone), 'data.save_dir', tmp_path]
    codes, _, err = two_processes(main, arguments(root, *pairs))
    assert codes == [0, 0], err
    assert not check_evaluation(alone, tmp_path)['attributes']


def test_sharded_ranking_again(root, two_processes, trained_alone, tmp_path):
    pairs = [*evaluation(trained_alone([])), 'test.rerank', True, 'data.save_dir']
    assert main(arguments(root, *pairs, tmp_path / 'alone')) == 0
    codes, _, err = two_processes(main, arguments(root, *pairs, tmp_path / 'shared'))
    assert codes == [0, 0], err
    alone, shared = (
        read_metrics(tmp_path / name, 'metrics-test.json')['reid']['market1501_attr']
        for name in ('alone', 'shared')
    )
    check_query_scores(
        *(tmp_path / f'{name}/query_scores-test.csv' for name in ('alone', 'shared'))
    )
    assert alone.keys() == shared.keys()
    for name, scores in alone.items():
        assert shared[name] == pytest.approx(scores, abs=1e-6)


def test_a_process_without_images(root, two_processes, trained_alone, tmp_path):
    """There is one query; the second process has none."""
    other = write_tree(tmp_path / 'other')
    for path in sorted((other / 'market1501/Market-1501-v15.09.15/query').iterdir())[1:]:
        path.unlink()
    pairs = [*evaluation(trained_alone([])), 'data.save_dir']
    assert main(arguments(other, *pairs, tmp_path / 'alone')) == 0
    codes, _, err = two_processes(main, arguments(other, *pairs, tmp_path / 'shared'))
    assert codes == [0, 0], err
    alone, shared = (
        read_metrics(tmp_path / name, 'metrics-test.json') for name in ('alone', 'shared')
    )
    assert alone['reid']['market1501_attr']['fused'] == pytest.approx(
        shared['reid']['market1501_attr']['fused'], abs=1e-6
    )
    assert alone['confusion'] == shared['confusion']
    assert alone['at_floor'] == shared['at_floor']


def test_a_failing_process_ends_the_run(tmp_path):
    """One of the two reads a broken image; the other waits for it, and so would a farewell."""
    root = write_tree(tmp_path)
    path = sorted((root / 'market1501/Market-1501-v15.09.15/bounding_box_train').iterdir())[3]
    path.write_bytes(b'')
    result = torchrun(root, *exact(), script=PROJECT / 'tests/helpers/train_without_farewell.py')
    assert result.returncode != 0
    assert result.stderr.count('error: ') == 1
    assert f'error: image "{path}" is truncated or not an image' in result.stderr


@pytest.fixture
def second_of_three(monkeypatch):
    """Lets this process be number 1 of 3."""
    for module in (process_group, sharding):
        monkeypatch.setattr(module, 'world_size', lambda: 3)
        monkeypatch.setattr(module, 'process_rank', lambda: 1)
    monkeypatch.setattr(sharding, 'is_main', lambda: False)


def test_shards_are_contiguous(second_of_three, monkeypatch):
    batches = [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]
    monkeypatch.setattr(sharding, 'broadcast', lambda sampled: batches if sampled is None else None)
    sampler = sharding.ShardedBatchSampler(batches)
    assert list(sampler) == [[3, 4], [9, 10]] and len(sampler) == 2


def test_batches_that_cannot_be_divided(second_of_three):
    sharding.check_batch(12, 'RandomSampler', 4)
    sharding.check_batch(12, 'RandomIdentitySampler', 4)
    with pytest.raises(
        InputError,
        match='16 images cannot be divided evenly among 3 processes; choose a multiple of 3',
    ):
        sharding.check_batch(16, 'RandomSampler', 4)
    with pytest.raises(InputError, match='4 images of an identity .+ choose a multiple of 12'):
        sharding.check_batch(6, 'RandomIdentitySampler', 4)


def test_a_single_process_needs_no_group(monkeypatch):
    monkeypatch.delenv('WORLD_SIZE', raising=False)
    with distributed.joined_group(False):
        assert distributed.world_size() == 1 and distributed.is_main()
        assert distributed.broadcast('x') == 'x'
        assert distributed.main_first(lambda: 5) == 5
        rows = torch.arange(3)
        assert distributed.gather_with_gradients(rows) is rows
        assert distributed.sum_over_processes(rows) is rows
        assert gathering.gather_interleaved_to_main(rows, 3) is rows


@pytest.mark.parametrize('check', collective_checks.CHECKS, ids=lambda check: check.__name__)
def test_collectives(two_processes, check):
    two_processes(check)


def test_the_main_process_goes_first(two_processes, tmp_path):
    two_processes(collective_checks.main_process_goes_first, str(tmp_path / 'calls'))


def test_a_checkpoint_that_another_machine_lacks(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoint_file, 'world_size', lambda: 2)
    with pytest.raises(
        InputError, match='does not exist; check the path, which is needed on every'
    ):
        checkpoint_file.read_checkpoint(tmp_path / 'none')


def test_numpy_indices_are_sent_as_numbers(monkeypatch):
    sent = []
    monkeypatch.setattr(sharding, 'broadcast', lambda sampled: sent.append(sampled) or sampled)
    assert list(sharding.ShardedBatchSampler([[np.int64(3), 4]])) == [[3, 4]]
    assert all(type(index) is int for index in sent[0][0])
