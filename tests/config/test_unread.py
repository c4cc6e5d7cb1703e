"""Which keys are read, key by key: a value of each, a run that reads it and one that does not."""

import re

import pytest

from midattr_plugin.config import load_config, parse_config
from midattr_plugin.config.keys import all_keys
from midattr_plugin.config.unread import check_read, describe_unread, unread_keys
from midattr_plugin.errors import InputError

OURS = ['model.name', 'midattr_resnet18_market', 'loss.name', 'midattr']
PLAIN = ['model.name', 'midattr_resnet18', 'loss.name', 'midattr']
IDENTITIES = ['sampler.train_sampler', 'RandomIdentitySampler']
METRIC = [*OURS, 'midattr.triplet_weight', 1, *IDENTITIES]
CIRCLE = [*METRIC, 'midattr.metric_loss', 'circle']
COSINES = [*OURS, 'midattr.classifier', 'arcface']
TRIPLET = ['loss.name', 'triplet', *IDENTITIES]
VIDEO = ['data.type', 'video']
FOCAL = [*OURS, 'midattr.attribute_loss', 'focal']
BALANCED = [*OURS, 'midattr.attribute_loss', 'class_balanced']
COSINE = ['train.lr_scheduler', 'cosine']
ONE_BRANCH = [*OURS, 'midattr.branches', ['global']]
TABLE = ['data.targets', ['csv']]
TEST = ['test.evaluate', True, 'midattr.untrained', True]
CUHK03 = ['data.targets', ['cuhk03']]

ROWS = [
    # key, value, settings with which it is read, settings with which it is not
    ('data.split_id', 1, ['data.sources', ['viper']], []),
    (
        'data.split_id',
        1,
        [*VIDEO, 'data.targets', ['ilidsvid']],
        [*VIDEO, 'data.targets', ['mars']],
    ),
    ('data.k_tfm', 2, [], VIDEO),
    ('data.load_train_targets', True, None, CUHK03),
    ('market1501.use_500k_distractors', True, ['data.targets', ['market1501_attr']], None),
    ('market1501.use_500k_distractors', True, [], CUHK03),  # whose gallery has none
    ('cuhk03.labeled_images', True, CUHK03, []),
    ('cuhk03.classic_split', True, CUHK03, []),
    (
        'sampler.train_sampler_t',
        'SequentialSampler',
        ['data.load_train_targets', True, *CUHK03],
        [],
    ),
    ('sampler.num_instances', 2, IDENTITIES, []),
    ('sampler.num_cams', 2, ['sampler.train_sampler', 'RandomDomainSampler'], IDENTITIES),
    ('sampler.num_datasets', 2, ['sampler.train_sampler', 'RandomDatasetSampler'], IDENTITIES),
    ('video.seq_len', 3, VIDEO, []),
    ('video.seq_len', 3, None, [*VIDEO, 'video.sample_method', 'all']),
    ('video.sample_method', 'random', VIDEO, []),
    ('video.pooling_method', 'max', VIDEO, []),
    ('train.open_layers', ['fc'], ['train.fixbase_epoch', 1], []),
    ('train.new_layers', ['fc'], ['train.staged_lr', True], []),
    ('train.base_lr_mult', 0.5, ['train.staged_lr', True], []),
    ('train.stepsize', [3], ['train.lr_scheduler', 'multi_step'], COSINE),
    ('train.gamma', 0.5, [], COSINE),
    ('sgd.momentum', 0.5, ['train.optim', 'rmsprop'], ['train.optim', 'adam']),
    ('sgd.dampening', 0.5, ['train.optim', 'sgd'], ['train.optim', 'rmsprop']),
    ('sgd.nesterov', True, ['train.optim', 'sgd'], ['train.optim', 'rmsprop']),
    ('rmsprop.alpha', 0.5, ['train.optim', 'rmsprop'], ['train.optim', 'sgd']),
    ('adam.beta1', 0.5, ['train.optim', 'radam'], ['train.optim', 'sgd']),
    ('adam.beta2', 0.5, ['train.optim', 'amsgrad'], ['train.optim', 'sgd']),
    ('loss.softmax.label_smooth', False, OURS, TRIPLET),
    ('loss.softmax.label_smooth', False, [*TRIPLET, 'loss.triplet.weight_x', 1], None),
    ('loss.triplet.margin', 0.5, TRIPLET, OURS),
    ('loss.triplet.margin', 0.5, METRIC, []),
    ('loss.triplet.margin', 0.5, None, CIRCLE),
    ('loss.triplet.weight_t', 0.5, TRIPLET, OURS),
    ('loss.triplet.weight_x', 0.5, TRIPLET, OURS),
    ('test.start_eval', 2, ['test.eval_freq', 1], []),
    ('test.visrank_topk', 2, [*TEST, 'test.visrank', True], []),
    ('midattr.branches', ['global'], PLAIN, []),
    ('midattr.attribute_layer', 'res4f', OURS, PLAIN),
    ('midattr.layer_overrides', ['age=res4f'], OURS, []),
    ('midattr.part_dim', 8, OURS, ONE_BRANCH),
    ('midattr.part_rows', 2, OURS, ONE_BRANCH),
    ('midattr.dropout', 0.1, ['model.name', 'midattr_resnet18'], []),
    ('midattr.descriptor', 'global', PLAIN, []),
    ('midattr.bnneck', True, PLAIN, []),
    (
        'midattr.pooling',
        'gem',
        PLAIN,
        [*OURS, 'midattr.branches', ['local'], 'midattr.descriptor', 'local'],
    ),
    ('midattr.classifier', 'cosface', PLAIN, []),
    ('midattr.non_local', ['res3d'], PLAIN, []),
    ('midattr.classifier_scale', 30, COSINES, OURS),
    ('midattr.classifier_margin', 0.2, COSINES, OURS),
    ('midattr.last_stride', 1, PLAIN, []),
    ('midattr.freeze_bn', True, PLAIN, []),
    ('midattr.timm_name', 'resnet18d', ['model.name', 'midattr_timm'], PLAIN),
    ('midattr.weights_file', 'x', PLAIN, [*PLAIN, 'model.pretrained', False]),
    ('midattr.weights', 'x', PLAIN, [*PLAIN, 'midattr.weights_file', 'y']),
    ('midattr.mu', 2, PLAIN, [*OURS, 'midattr.branches', ['local'], 'midattr.descriptor', 'local']),
    ('midattr.nu', 2, PLAIN, ONE_BRANCH),
    ('midattr.attribute_weight', 2, PLAIN, [*PLAIN, 'midattr.loss_reading', 'literal']),
    ('midattr.attribute_weight', 2, None, [*OURS, 'midattr.loss_reading', 'apr']),
    ('midattr.loss_reading', 'literal', PLAIN, []),
    ('midattr.attribute_loss', 'focal', OURS, PLAIN),
    ('midattr.class_balance_beta', 0.5, BALANCED, FOCAL),
    ('midattr.focal_gamma', 0.5, FOCAL, BALANCED),
    ('midattr.task_weights', 'uncertainty', PLAIN, []),
    ('midattr.flat_epochs', 9, COSINE, []),
    ('midattr.lr_floor', 1e-7, COSINE, []),
    ('midattr.augment_probability', 0.1, ['data.transforms', ['Auto_Augment']], []),
    ('midattr.query_expansion_alpha', 1, ['midattr.query_expansion', 5], []),
    ('midattr.triplet_weight', 1, [*OURS, *IDENTITIES], []),
    ('midattr.metric_loss', 'circle', METRIC, OURS),
    ('midattr.circle_margin', 0.5, CIRCLE, METRIC),
    ('midattr.circle_gamma', 64, CIRCLE, OURS),
    ('midattr.validation_images', 9, PLAIN, TEST),
    ('midattr.precision', 'bf16', PLAIN, []),
    ('midattr.compile', True, PLAIN, []),
    ('midattr.untrained', True, ['test.evaluate', True], []),
    ('midattr.csv.file', 'x', TABLE, []),
    ('midattr.csv.attributes', ['hat'], TABLE, [*TABLE, 'midattr.csv.schema', 'x']),
    ('midattr.csv.schema', 'x', ['data.sources', ['csv']], []),
    ('midattr.csv.seed', 1, TABLE, []),
    ('midattr.annotations.market1501', 'x', ['data.sources', ['market1501_attr']], []),
    ('midattr.annotations.dukemtmcreid', 'x', ['data.targets', ['dukemtmcreid_attr']], []),
]
MODEL = ['model.name', 'resnet18', 'use_gpu', False]


@pytest.mark.parametrize('key, value, reads, ignores', ROWS)
def test_row(key, value, reads, ignores):
    if reads is not None:
        assert key not in unread_keys(load_config(opts=[*MODEL, *reads, key, value]))
    if ignores is not None:
        unread = unread_keys(load_config(opts=[*MODEL, *ignores, key, value]))
        words = all_keys()[key].read_if.words
        assert all(clause in words for clause in re.split(', or | and ', unread[key]))


def test_every_condition_is_tested():
    assert {row[0] for row in ROWS} == {
        name for name, key in all_keys().items() if key.read_if is not None
    }


def test_defaults_are_no_intent():
    assert unread_keys(load_config(opts=['train.gamma', 0.1, *COSINE])) == {}


def test_one_line_names_them():
    cfg = load_config('baseline_resnet50_market.yaml', ['midattr.mu', 3, *COSINE])
    assert describe_unread(cfg) == (
        'train.stepsize [25, 50] (read only if train.lr_scheduler is '
        'single_step or multi_step), midattr.mu 3.0 (read only if loss.name is midattr)'
    )
    assert describe_unread(load_config('midattr_market.yaml')) == ''


def test_the_command_line_is_meant():
    line = ['--config-file', 'baseline_resnet50_market.yaml', *COSINE]
    assert parse_config(line).train.stepsize == [25, 50]  # of the file: only said
    with pytest.raises(InputError) as error:
        parse_config([*line, 'midattr.mu', '3'])
    assert error.value.sentence == (
        'the command line: midattr.mu is 3.0, but has no effect in this run: it is read only if '
        'loss.name is midattr; leave it out, or change that'
    )
    parse_config([*line, 'midattr.mu', '5'])  # the default
    with pytest.raises(InputError, match='midattr.weights_file is .* loss|model.name is one of'):
        parse_config([*line, 'midattr.backbone_weights', 'x'])  # its name in version 0.1


def test_what_was_not_meant_is_not_refused():
    cfg = load_config(opts=['midattr.mu', 3])
    check_read(cfg, ['midattr.nu', 'train.lr'], 'here')
    with pytest.raises(InputError, match='^here: midattr.mu is 3.0'):
        check_read(cfg, ['midattr.mu'], 'here')


@pytest.mark.parametrize('text', ['', '# nothing\n', 'train:\n'])
def test_a_file_that_sets_nothing_is_refused(tmp_path, text):
    path = tmp_path / 'empty.yaml'
    path.write_text(text)
    with pytest.raises(InputError, match='--config-file: ".*empty.yaml" sets no key; name another'):
        parse_config(['--config-file', str(path)])
    path.write_text('train: {lr: 1}')
    assert parse_config(['--config-file', str(path)]).train.lr == 1


def test_a_variable_that_is_not_set_is_no_file():
    with pytest.raises(InputError, match='--config-file: "" sets no key; .* leave the option out'):
        parse_config(['--config-file', ''])
    assert parse_config([]).model.name == 'resnet50'
