"""The command line, from arguments to ``metrics.json``, on a tiny dataset."""

import json
import os
import re
import subprocess
import sys

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers.fake_market import write_image, write_market_tree
from helpers.paths import PROJECT
from helpers.tiny_run import UNTRAINED, arguments
from midattr_plugin import build, torchreid_compat, train
from midattr_plugin.config import load_config
from midattr_plugin.train import main


@pytest.fixture
def root(tmp_path):
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return tmp_path


def error(capsys, argv):
    """The sentence that a bad command line ends with."""
    assert main(argv) == 1
    text = capsys.readouterr().err.strip().splitlines()[-1]
    assert text.startswith('error: ')
    return text


def test_a_test_before_training_measures_what_the_last_one_does(root, monkeypatch):
    calls = []
    test = torchreid_compat.Engine.test
    monkeypatch.setattr(
        torchreid_compat.Engine,
        'test',
        lambda self, **options: calls.append(options) or test(self, **options),
    )
    pairs = ['midattr.evaluate_first', True, 'train.max_epoch', 1, 'test.dist_metric', 'cosine']
    metric = ['cuhk03.use_metric_cuhk03', True, 'test.normalize_feature', True]
    assert main(arguments(root, *pairs, *metric)) == 0
    names = ('dist_metric', 'normalize_feature', 'use_metric_cuhk03', 'ranks')
    first, last = ({name: call.get(name) for name in names} for call in calls)
    assert first == last
    assert first['use_metric_cuhk03'] is True


@pytest.mark.parametrize('first', [False, True])
def test_every_test_of_a_training_re_ranks(root, monkeypatch, first):
    """torchreid re-ranks only without training."""
    calls = []
    test = torchreid_compat.Engine.test
    monkeypatch.setattr(
        torchreid_compat.Engine,
        'test',
        lambda self, **options: calls.append(options['rerank']) or test(self, **options),
    )
    pairs = ['test.rerank', True, 'test.eval_freq', 1, 'midattr.evaluate_first', first]
    assert main(arguments(root, *pairs)) == 0
    assert calls == [True] * (2 + first)


def test_settings_without_an_effect_are_said(root, capsys):
    tiny = ['model.name', 'resnet18', 'loss.name', 'softmax', 'train.max_epoch', 1]
    assert main(arguments(root, *tiny)) == 0
    out = capsys.readouterr().out
    [line] = [line for line in out.splitlines() if line.startswith('No effect in this run: ')]
    assert 'midattr.part_dim 8 (read only if model.name is one of this project)' in line
    assert line in next((root / 'log').glob('train.log*')).read_text()
    text = error(capsys, arguments(root, *tiny, 'midattr.mu', 3))
    assert 'midattr.mu is 3.0, but has no effect' in text and 'loss.name is midattr' in text


def test_results_say_what_the_training_started_from(root, capsys):
    def started_from(*pairs, name='metrics.json'):
        assert main(arguments(root, 'train.max_epoch', 1, *pairs)) == 0
        return json.loads((root / 'log' / name).read_text())['started_from']

    assert started_from() == 'random'
    weights = root / 'weights'
    (root / 'log/model/model.pth.tar-last').rename(weights)
    test = ['test.evaluate', True]
    name = 'metrics-test.json'
    assert started_from(*test, 'model.load_weights', weights, name=name) == 'random'
    assert started_from(*test, 'model.resume', weights, name=name) == 'random'
    fine_tuned = ['data.save_dir', root / 'log', 'model.load_weights', weights]
    assert started_from(*fine_tuned) == str(weights)
    last = root / 'log/model/model.pth.tar-last'
    assert started_from('model.resume', last, 'train.max_epoch', 2) == str(weights)
    assert 'Model midattr_tiny_market: ' in capsys.readouterr().out


def test_train_then_evaluate(root, capsys):
    assert main(arguments(root, 'midattr.evaluate_first', True)) == 0
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if line.startswith('epoch: ')]
    assert len(lines) == 2 * 2  # 4 batches in each of 2 epochs, a line for each 2
    for line in lines:
        assert len(line) <= 160
        names = [part.split(' ')[0] for part in line.split('  ')]
        assert names == [
            'epoch:',
            'time',
            'eta',
            'loss',
            'global',
            'local',
            'attributes',
            'acc',
            'lr',
        ]
    events = EventAccumulator(str(root / 'log')).Reload().Tags()['scalars']
    for term in ('loss_global', 'loss_local', 'loss_upper_color', 'acc_gender'):
        assert f'Train/{term}' in events
    assert '-> ' in out.splitlines()[-2]  # before and after training
    log = root / 'log'
    assert out.splitlines()[-1] == f'Results: {log}/metrics.json'
    metrics = json.loads((log / 'metrics.json').read_text())
    assert set(metrics['reid']['market1501_attr']) == {'fused', 'global', 'local'}
    assert metrics['rendered'] == {'market1501_attr': False}
    assert load_config(log / 'config.yaml').model.name == 'midattr_tiny_market'
    [text] = log.glob('train.log*')
    assert text.read_text() == out
    assert list(log.glob('events.out.tfevents*'))

    weights = log / 'model' / 'model.pth.tar-best'
    written = (log / 'metrics.json').stat().st_mtime_ns
    assert main(arguments(root, 'test.evaluate', True, 'model.load_weights', weights)) == 0
    assert (log / 'metrics.json').stat().st_mtime_ns == written
    assert 'left out: none' in capsys.readouterr().out
    again = json.loads((log / 'metrics-test.json').read_text())
    assert again.pop('chosen_on') == 'test'
    assert again == metrics and again['epoch'] == 2
    assert not load_config(log / 'config.yaml').test.evaluate
    assert load_config(log / 'config-test.yaml').test.evaluate


def test_a_compiled_run_is_the_same(root, monkeypatch):
    compile, weights = torch.compile, []
    monkeypatch.setattr(torch, 'compile', lambda module, mode: compile(module, backend='eager'))
    for compiled in (False, True):
        assert main(arguments(root, 'midattr.compile', compiled, 'train.max_epoch', 1)) == 0
        weights.append(
            torch.load(root / 'log/model/model.pth.tar-last', weights_only=True)['state_dict']
        )
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())


def test_tensorboard_has_every_term(root):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    main(arguments(root, 'train.max_epoch', 1))
    events = EventAccumulator(str(root / 'log'))
    events.Reload()
    tags = events.Tags()['scalars']
    assert {
        'Train/loss',
        'Train/loss_local',
        'Train/acc_age',
        'Test/market1501_attr/mAP',
        'Test/market1501_attr/balanced_accuracy',
    } <= set(tags)


def test_baseline_by_the_same_command(root, capsys):
    assert (
        main(
            arguments(root, 'model.name', 'resnet18', 'loss.name', 'softmax', 'train.max_epoch', 1)
        )
        == 0
    )
    metrics = json.loads((root / 'log/metrics.json').read_text())
    assert set(metrics['reid']['market1501_attr']) == {'global'}
    assert metrics['attributes'] == {}
    assert 'market1501_attr: global mAP' in capsys.readouterr().out


def test_rendered_images_are_said_to_be(root, capsys):
    (root / 'market1501/Market-1501-v15.09.15/RENDERED.txt').touch()
    main(arguments(root, *UNTRAINED))
    out = capsys.readouterr().out
    assert 'Note: the images of market1501_attr are rendered' in out
    assert 'market1501_attr (rendered images): fused mAP' in out
    assert json.loads((root / 'log/metrics-test.json').read_text())['rendered'] == {
        'market1501_attr': True
    }


def test_so_are_those_that_a_class_of_torchreid_has_read(root, capsys):
    (root / 'market1501/Market-1501-v15.09.15/RENDERED.txt').touch()
    main(
        arguments(
            root,
            'model.name',
            'midattr_tiny',
            'data.sources',
            '[market1501]',
            'data.targets',
            '[market1501]',
            *UNTRAINED,
        )
    )
    assert 'market1501 (rendered images): fused mAP' in capsys.readouterr().out


def test_ranked_results_as_pictures(root):
    pairs = [*UNTRAINED, 'test.visrank', True]
    assert main(arguments(root, *pairs)) == 0
    folder = root / 'log/visrank_market1501_attr'
    assert len(list(folder.glob('*.jpg'))) == 6
    page = (folder / 'ranked.html').read_text(encoding='utf-8')
    assert page.count('<section') == page.count('class="query"') == 6


@pytest.mark.parametrize(
    'program', [[str(PROJECT / 'tools' / 'train.py')], ['-m', 'midattr_plugin.train']]
)
def test_script_runs_as_a_program(root, program):
    command = [sys.executable, *program, *arguments(root, 'train.lrr', 1)]
    environment = os.environ | {'PYTHONPATH': str(PROJECT)}
    result = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith('error: ') and 'train.lrr' in line and 'train.lr' in line
    assert not (root / 'log').exists()


@pytest.mark.parametrize('workers', [0, 1])
def test_broken_image(root, capsys, workers):
    images = root / 'market1501/Market-1501-v15.09.15/bounding_box_train'
    path = sorted(images.iterdir())[3]
    path.write_bytes(b'')
    text = error(capsys, arguments(root, 'data.workers', workers))
    assert f'image "{path}" is truncated or not an image' in text
    assert not (root / 'log/model').exists()


def test_missing_data(tmp_path, capsys):
    assert 'market1501" does not exist; get Market-1501' in error(capsys, arguments(tmp_path))


def test_query_without_a_match(root, capsys):
    path = root / 'market1501/Market-1501-v15.09.15/query/0007_c1s1_000000_01.jpg'
    write_image(path)
    text = error(capsys, arguments(root))
    assert str(path) in text and 'remove these queries' in text
    assert not (root / 'log/model').exists()


@pytest.mark.parametrize('key', ['model.resume', 'model.load_weights'])
def test_missing_checkpoint(root, capsys, monkeypatch, key):
    """It is noticed before the data is loaded, and the configuration of before is kept."""
    assert main(arguments(root, 'train.max_epoch', 1)) == 0
    written = (root / 'log/config.yaml').read_text()
    monkeypatch.setattr(build, 'build_datamanager', lambda *args: 1 / 0)
    assert '"none" does not exist' in error(capsys, arguments(root, key, 'none'))
    assert (root / 'log/config.yaml').read_text() == written


def test_weights_of_a_part_of_the_model_are_not_tested(root, capsys):
    assert main(arguments(root, 'midattr.branches', 'global', 'midattr.descriptor', 'global')) == 0
    weights = ['model.load_weights', root / 'log/model/model.pth.tar-last']
    text = error(capsys, arguments(root, *weights, 'test.evaluate', True))
    assert 'no weights for layer4_part, part_reduction, on which the test' in text
    assert 'test of the descriptor depends' in text
    assert "midattr.branches ['global'], midattr.descriptor global, as in its training" in text
    # the branch does not enter the descriptor
    pairs = ['midattr.descriptor', 'global', 'test.evaluate', True]
    assert main(arguments(root, *weights, *pairs)) == 0
    # to start from, they are welcome
    capsys.readouterr()
    assert main(arguments(root, *weights, 'train.max_epoch', 1)) == 0
    assert (
        'without weights: layer4_part, part_reduction, classifier_part' in capsys.readouterr().out
    )


def test_the_classifiers_of_other_people_are_not_taken_over(root, capsys):
    """Though they are as many; a test needs no classifier, and says nothing about it."""
    other = root / 'other'
    write_market_tree(other, train_ids=(3, 6, 8, 9), test_ids=(1, 4, 5))
    assert main(arguments(root, 'train.max_epoch', 1)) == 0
    weights = ['model.load_weights', root / 'log/model/model.pth.tar-last']
    capsys.readouterr()
    for folder, pairs, words in (
        (root, [], 'left out: none'),
        (other, [], 'left out: classifier, classifier_part (of other training images)'),
        (other, ['test.evaluate', True], 'left out: none'),
    ):
        run = ['train.max_epoch', 1, 'data.save_dir', folder / 'again', *weights, *pairs]
        assert main(arguments(folder, *run)) == 0
        assert words in capsys.readouterr().out


def test_attributes_without_weights_are_not_tested(root, capsys):
    assert main(arguments(root, 'train.max_epoch', 1)) == 0
    weights = ['model.load_weights', root / 'log/model/model.pth.tar-last']
    duke = ['model.name', 'midattr_tiny_duke', 'test.evaluate', True]
    text = error(capsys, arguments(root, *weights, *duke))
    assert 'attribute_heads.heads.boots' in text and 'attribute upper_length' in text
    assert 'classifier' not in text  # of other identities, which no test needs
    assert 'set model.name midattr_tiny_market, as in its training' in text


@pytest.mark.parametrize('key', ['model.load_weights', 'model.resume'])
@pytest.mark.parametrize(
    'pairs, words',
    [
        (['midattr.last_stride', 1], 'trained with midattr.last_stride 2, but .* is 1 now'),
        (['data.norm_mean', '[0, 0, 0]'], 'trained with data.norm_mean .*0.485'),
    ],
)
def test_weights_are_not_tested_in_a_model_that_computes_something_else(
    root, capsys, key, pairs, words
):
    assert main(arguments(root, 'train.max_epoch', 1, 'midattr.part_rows', 2)) == 0
    test = ['test.evaluate', True, key, root / 'log/model/model.pth.tar-last']
    fixed = ['midattr.part_rows', 2]
    assert re.search(words, error(capsys, arguments(root, *test, *fixed, *pairs)))
    assert main(arguments(root, *test, *fixed)) == 0


def test_images_of_another_size_are_said(root, capsys):
    assert main(arguments(root, 'train.max_epoch', 1)) == 0
    weights = ['model.load_weights', root / 'log/model/model.pth.tar-last']
    assert main(arguments(root, *weights, 'test.evaluate', True, 'data.width', 24)) == 0
    assert 'trained with data.width 16, and are tested with 24' in capsys.readouterr().out


def test_an_untrained_model_is_said_to_be(root, capsys):
    text = error(capsys, arguments(root, 'test.evaluate', True))
    assert 'without trained weights' in text and 'midattr.untrained True' in text
    assert main(arguments(root, *UNTRAINED)) == 0
    assert 'model is not trained; its scores are those of random weights' in capsys.readouterr().out


def test_a_training_that_has_not_ended_is_not_written_over(root, capsys, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(torchreid_compat.Engine, 'test', lambda *args, **options: 1 / 0)
        main(arguments(root, 'test.eval_freq', 1))
    last = root / 'log/model/model.pth.tar-last'
    text = error(capsys, arguments(root))
    assert f'1 of 2 epochs are done; set model.resume {last} to go on' in text
    assert main(arguments(root, 'model.resume', last)) == 0


def test_save_dir_that_cannot_be_written(root, capsys):
    (root / 'file').touch()
    text = error(capsys, arguments(root, 'data.save_dir', root / 'file'))
    assert 'data.save_dir' in text and 'choose another folder' in text


def test_loss_that_diverges(root, capsys):
    text = error(capsys, arguments(root, 'train.lr', 1e30))
    assert 'the loss is not finite in epoch 1' in text and 'lower train.lr' in text


def test_interrupt_says_how_to_go_on(root, capsys, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, 'build_engine', interrupt)
    assert main(arguments(root)) == 130
    assert 'model.resume' in capsys.readouterr().err


def test_a_bug_is_not_disguised(root, monkeypatch):
    monkeypatch.setattr(build, 'build_engine', lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(arguments(root))


@pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
def test_on_a_gpu(root):
    assert main(arguments(root, 'use_gpu', True)) == 0


@pytest.mark.parametrize('optim', ['sgd', 'adam', 'amsgrad'])
def test_layers_that_are_frozen_first(tmp_path, optim):
    """When they open, the optimizer has a state for some parameters of a group only."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    assert (
        main(
            arguments(
                tmp_path,
                'train.fixbase_epoch',
                1,
                'train.open_layers',
                "['classifier']",
                'train.optim',
                optim,
            )
        )
        == 0
    )


def test_idle_tasks_and_gpus_are_said(root, capsys, monkeypatch):
    monkeypatch.setattr(train, '_run', lambda cfg, save_dir: None)
    monkeypatch.setenv('SLURM_STEP_NUM_TASKS', '4')
    assert main(arguments(root)) == 0
    assert 'Note: 4 tasks were started without torchrun' in capsys.readouterr().out


@pytest.mark.parametrize('deterministic', [False, True])
def test_kernels_of_a_gpu(deterministic, monkeypatch):
    chosen = []
    monkeypatch.setattr(torch, 'use_deterministic_algorithms', lambda *a, **k: chosen.append(a))
    monkeypatch.setattr(torch.backends.cudnn, 'benchmark', False)
    monkeypatch.setattr(torch.utils.deterministic, 'fill_uninitialized_memory', True)
    monkeypatch.setenv('CUBLAS_WORKSPACE_CONFIG', ':16:8')
    train._choose_kernels(True, deterministic)
    assert torch.backends.cudnn.benchmark is not deterministic
    assert chosen == ([(True,)] if deterministic else [])
    train._choose_kernels(False, deterministic)
    assert torch.backends.cudnn.benchmark is False and len(chosen) <= 1
