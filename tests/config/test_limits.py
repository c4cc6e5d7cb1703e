import pytest

from helpers.registries import restored_registries
from midattr_plugin import ATTRIBUTE_LOSSES, torchreid_compat
from midattr_plugin.config import KEYS, Interval, get_default_config
from midattr_plugin.config.keys import flatten
from midattr_plugin.config.limits import check_limits
from midattr_plugin.errors import InputError
from midattr_plugin.loading.added_transforms import ADDED


def check(**changed):
    values = flatten(get_default_config())
    for name, value in changed.items():
        values[name.replace('__', '.')] = value
    check_limits(values, dict.fromkeys(values, 'here'))


def test_defaults_are_allowed():
    check()


@pytest.mark.parametrize(
    'interval, inside, outside, words',
    [
        (Interval(1), (1, 10**9), (0, -1), 'at least 1'),
        (Interval(0, open_low=True), (1e-9,), (0, -1), 'above 0'),
        (Interval(0, 1, open_high=True), (0, 0.99), (1, -0.1), 'at least 0 and below 1'),
        (Interval(0, 2), (0, 2), (2.1, -1), 'at least 0 and at most 2'),
    ],
)
def test_interval(interval, inside, outside, words):
    assert all(value in interval for value in inside)
    assert not any(value in interval for value in outside)
    assert str(interval) == words


@pytest.mark.parametrize(
    'key, value, message',
    [
        ('data.height', 0, 'at least 1'),
        ('train.batch_size', -2, 'at least 1'),
        ('test.batch_size', 0, 'at least 1'),
        ('train.lr', 0.0, 'above 0'),
        ('train.seed', 2**32, 'at most 4294967295'),
        ('train.stepsize', [20, 0], 'train.stepsize is 0, but must be at least 1'),
        ('train.stepsize', [], '1 or more items'),
        ('test.ranks', [0], 'at least 1'),
        ('test.ranks', [], '1 or more items'),
        ('data.sources', [], '1 or more items'),
        ('data.norm_mean', [0.1], '3 items'),
        ('data.norm_std', [0.1, 0.2, 0.0], 'above 0'),
        ('midattr.branches', [], '1 to 2 items'),
        ('midattr.branches', ['globe'], r'did you mean global\?'),
        ('midattr.mu', -1.0, 'at least 0'),
        ('midattr.nu', -1.0, 'at least 0'),
        ('midattr.dropout', 1.0, 'below 1'),
        (
            'midattr.attribute_layer',
            'layer2',
            'res3d, res4f, res5c, s8, s16, s32, pool5, mixture; one of your own',
        ),
        ('midattr.last_stride', 3, 'at least 1 and at most 2'),
        ('midattr.last_stride', 0, 'at least 1 and at most 2'),
        ('midattr.descriptor', 'both', 'fused, global, local'),
        ('midattr.loss_reading', 'other', 'attribute_units, literal, apr'),
        ('midattr.attribute_loss', 'balanced', 'plain, class_balanced, focal'),
        ('midattr.class_balance_beta', 1.0, 'at least 0 and below 1'),
        ('midattr.focal_gamma', -0.5, 'at least 0'),
        ('midattr.task_weights', 'learned', 'fixed, uncertainty'),
        ('midattr.warmup_epochs', -1, 'at least 0'),
        ('midattr.triplet_weight', -1.0, 'at least 0'),
        ('model.name', 'resnet5', r'did you mean resnet\d+'),
        ('data.type', 'images', r'image, video \(did you mean image\?\)'),
        ('data.sources', ['market1501', 'marke1501'], r'did you mean market1501'),
        ('data.targets', ['zzz'], 'market1501'),
        ('data.transforms', ['random_erasing'], r'did you mean random_erase\?'),
        ('sampler.train_sampler', 'Random', 'RandomIdentitySampler'),
        ('sampler.train_sampler_t', 'Random', 'RandomIdentitySampler'),
        ('train.optim', 'adamw', 'adam, amsgrad, sgd'),
        ('train.lr_scheduler', 'step', 'single_step, multi_step, cosine'),
        ('loss.name', 'center', 'softmax, triplet, midattr'),
        ('test.dist_metric', 'l2', 'euclidean, cosine'),
        ('video.sample_method', 'some', 'evenly, random, all'),
        ('video.pooling_method', 'mean', 'avg, max'),
    ],
)
def test_refused(key, value, message):
    with pytest.raises(InputError, match=message) as caught:
        check(**{key.replace('.', '__'): value})
    assert str(caught.value).startswith(f'here: {key} is ')


def test_error_of_a_default_says_so():
    values = flatten(get_default_config()) | {'data.height': 0}
    with pytest.raises(InputError, match='^the defaults: data.height'):
        check_limits(values, {})


def test_allowed():
    check(data__transforms=[])
    check(data__transforms=['Random_Flip', 'RANDOM_CROP'])
    check(data__type='video', data__sources=['mars'], data__targets=['ilidsvid'])
    check(midattr__mu=0.0, midattr__dropout=0.0, train__max_epoch=0, data__workers=0)


def test_names_are_those_registered_now(tmp_path):
    mine = {'model__name': 'my_model'}, {'data__sources': ['my_data']}
    with restored_registries(tmp_path):
        torchreid_compat.register_model('my_model', None)
        torchreid_compat.register_image_dataset('my_data', None)
        ATTRIBUTE_LOSSES.register('my_loss')(None)
        check(**mine[0], **mine[1], midattr__attribute_loss='my_loss')
        with pytest.raises(InputError, match=r'must be one of .*my_data.*\(did you mean my_data'):
            check(data__sources=['my_dat'])
    for changed in (*mine, {'midattr__attribute_loss': 'my_loss'}):
        with pytest.raises(InputError, match='my_'):
            check(**changed)


def test_transforms_are_those_of_torchreid(capsys):
    """Each name but those that are added here must make torchreid add a step."""
    build = torchreid_compat.data.transforms.build_transforms
    plain = len(build(8, 4, [])[0].transforms)
    for name in KEYS['data.transforms'].names()[len(ADDED) :]:
        assert len(build(8, 4, [name])[0].transforms) == plain + 1
