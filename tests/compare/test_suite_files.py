"""The suites in configs/compare: their rows can be built, and agree with the paper."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.paths import CONFIGS
from midattr_plugin.compare.grid import selection_suite
from midattr_plugin.compare.plan import is_from_start, plan_runs
from midattr_plugin.compare.start import plan_starts
from midattr_plugin.compare.suite import load_suite
from midattr_plugin.compare.tested_alike import describe_tests
from midattr_plugin.config import load_config
from midattr_plugin.config.keys import flatten
from midattr_plugin.losses import ATTRIBUTE_LOSSES, CLASSIFIERS, METRIC_LOSSES, TASK_WEIGHTS
from midattr_plugin.losses.midattr_loss import MidAttrLoss
from midattr_plugin.models.pooling import POOLINGS

FOLDER = CONFIGS / 'compare'
FILES = sorted(FOLDER.glob('*.yaml'))


def rows(name):
    suite = load_suite(FOLDER / f'{name}.yaml')
    return {run.row.name: run for run in plan_runs(suite, [1], Path('out'))}


def test_files_are_there():
    assert {path.stem for path in FILES} >= {'paper_market', 'paper_duke', 'baselines', 'demo'}


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_every_row_is_a_configuration(path):
    suite = load_suite(path)
    runs = plan_runs(suite, [1, 2], Path('out'))
    assert len(runs) == 2 * len(suite.rows)
    assert path.read_text().startswith('# ') and str(path.relative_to(FOLDER.parents[1])) in (
        path.read_text()
    )
    for run in runs:
        assert run.cfg.train.seed == run.seed
        branches = run.cfg.midattr.branches
        descriptors = {'fused', 'global', 'local'} if len(branches) > 1 else set(branches)
        assert set(run.row.published) <= descriptors
        for scores in run.row.published.values():
            assert all(40 < value < 100 for value in scores.values())
    if suite.select:
        assert plan_runs(selection_suite(suite), [1], Path('out'))


SEARCHED = {'recipe-search', 'neck-cosine-search', 'all'}
TESTED_OTHERWISE = {*SEARCHED, 'flip', 'expansion', 're-ranking', 'search'}


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_rows_are_tested_alike(path):
    suite = load_suite(path)
    runs = plan_runs(suite, [1], Path('out'))
    finished = [SimpleNamespace(row=run.row, cfg=run.cfg, is_done=True) for run in runs]
    ways = 'L2-normalized descriptors, Euclidean distance, no re-ranking'
    if 'beyond' in path.stem:  # where some rows are there for that
        names = {run.row.name for run in runs}
        assert names >= (SEARCHED if path.stem == 'twin_beyond' else TESTED_OTHERWISE)
        [fact] = describe_tests(finished, suite.compared_rows)
        assert fact.startswith('TESTED DIFFERENTLY: ')
        finished = [run for run in finished if run.row.name not in TESTED_OTHERWISE]
    [fact] = describe_tests(finished, suite.compared_rows)
    assert fact.startswith(f'All rows: {ways}')


READINGS = {'literal': 'literal', 'apr': 'apr'}


def test_rows_of_the_paper():
    built = rows('paper_market')
    for name, run in built.items():
        cfg = run.cfg
        table, _, rest = name.partition('-')
        suffix = rest.rpartition('-')[2]
        attributes = cfg.model.name.endswith('_market')
        assert attributes == (table not in ('T4.1', 'T5.1', 'T6') and '-plain' not in name)
        assert cfg.midattr.branches == {'T4': ['global'], 'T5': ['local']}.get(
            name[:2], ['global', 'local']
        )
        assert cfg.midattr.loss_reading == READINGS.get(suffix, 'attribute_units')
        assert cfg.midattr.freeze_bn == (suffix != 'bn')
        weights = {'8': (8, 4) if table.startswith('T4') else (5, 8)}.get(suffix, (5, 4))
        if name.startswith('sum'):
            assert cfg.midattr.mu + cfg.midattr.nu == float(table.removeprefix('sum'))
            weights = cfg.midattr.mu, cfg.midattr.mu * 0.8  # the ratio of 5 to 4
        elif table == 'T6':
            weights = 4, 4
        assert (cfg.midattr.mu, cfg.midattr.nu) == weights
        layer = {'2': 'pool5', '3': 'res4f', '2-parts': 'res5c'}
        if name.startswith('T5'):
            layer['2'] = 'res5c'
        place = name.removeprefix(name[:3]).removesuffix('-8') if name[0] == 'T' else ''
        assert cfg.midattr.attribute_layer == layer.get(place, 'res3d')
    assert built['full'].row.published['fused']['mAP'] == 70.04
    for name in ('full-literal', 'full-apr', 'full-bn'):
        assert built[name].row.published == built['full'].row.published
    assert built['T4.2-8'].row.published['global']['mAP'] == 64.89


@pytest.mark.parametrize('name', ['paper_market', 'paper_duke'])
def test_every_comparison_changes_one_thing(name):
    built = rows(name)
    things = [
        {'model.name', 'midattr.attribute_layer'},  # attributes on some layer
        {'midattr.attribute_layer'},
        {'midattr.layer_overrides'},
        {'midattr.loss_reading'},
        {'midattr.freeze_bn'},
        {'midattr.mu', 'midattr.nu'},
    ]
    for run in built.values():
        if run.row.baseline is None:
            assert run.row.name in ('T4.1', 'T5.1', 'T6', 'full-plain')
            continue
        ours, theirs = flatten(run.cfg), flatten(built[run.row.baseline].cfg)
        differing = {key for key in ours if ours[key] != theirs[key]} - {'data.save_dir'}
        if run.row.name.endswith('-apr'):  # whose plain rows are those of the literal reading
            differing.remove('midattr.loss_reading')
        assert differing and any(differing <= thing for thing in things), run.row.name
        attributes = run.cfg.model.name.endswith(('_market', '_duke'))
        assert ('model.name' in differing) == (attributes and 'gender' not in run.row.name)


def test_duke_has_the_rows_of_market():
    market, duke = rows('paper_market'), rows('paper_duke')
    same = {name for name in market if 'gender' not in name}
    assert {name for name in duke if 'gender' not in name} == same
    for name in same:
        ours, theirs = flatten(duke[name].cfg), flatten(market[name].cfg)
        differing = {key.partition('.')[2] for key in ours if ours[key] != theirs[key]}
        assert differing <= {'name', 'sources', 'targets', 'save_dir', 'max_epoch', 'stepsize'}
        assert duke[name].row.baseline == market[name].row.baseline
        published = duke[name].row.published
        assert bool(published) == (name in ('full', 'full-literal', 'full-apr', 'full-bn'))
        assert not published or published['fused'] == {'rank-1': 79.67, 'mAP': 61.48}


CLAIMS = ['T4.1', 'T4.2', 'T4.2-parts', 'T4.3', 'T4.4', 'full-plain', 'full']
SAME = ('branches', 'mu', 'nu', 'attribute_layer', 'layer_overrides', 'loss_reading')


def assert_scaled_down(ours, theirs):
    assert ours.model.name == theirs.model.name.replace('50', '18')
    read = [key for key in SAME if key != 'nu' or 'local' in ours.midattr.branches]
    assert {key: ours.midattr[key] for key in read} == {key: theirs.midattr[key] for key in read}


def test_twin_has_the_rows_of_the_claims():
    paper, twin = rows('paper_market'), rows('twin')
    assert list(twin) == CLAIMS
    for name, run in twin.items():
        assert_scaled_down(run.cfg, paper[name].cfg)
        assert run.cfg.data.sources == paper[name].cfg.data.sources
        assert not run.cfg.midattr.freeze_bn  # nothing is pretrained


def test_demo_has_the_rows_of_the_claims():
    paper, demo = rows('paper_market'), rows('demo')
    assert set(demo) == {*CLAIMS, 'T5.1', 'T5.2', 'T5.3', 'T5.4'}
    for name, run in demo.items():
        assert_scaled_down(run.cfg, paper[name].cfg)
        assert run.cfg.data.sources == ['midattr_demo']
        assert not run.cfg.midattr.freeze_bn


def test_readings_on_the_demo_start_from_the_same_weights():
    paper, demo = rows('paper_market'), rows('demo_readings')
    assert {run.cfg.midattr.loss_reading for run in demo.values()} == {
        'attribute_units',
        'literal',
        'apr',
    }
    for name, run in demo.items():
        assert_scaled_down(run.cfg, paper[name].cfg)
        assert run.cfg.midattr.freeze_bn == paper[name].cfg.midattr.freeze_bn
        assert is_from_start(run.cfg)


def test_readings_on_the_demo_take_the_same_steps_without_attributes():
    """The gradient of identity times the learning rate, and the decay of the weights."""
    steps = set()
    for run in rows('demo_readings').values():
        keys, train = run.cfg.midattr, run.cfg.train
        criterion = MidAttrLoss(keys.mu, keys.nu, keys.attribute_weight, keys.loss_reading)
        step = train.lr * criterion.branch_weights['global']
        steps.add((round(step, 9), round(train.lr * train.weight_decay, 9)))
    assert len(steps) == 1


RECIPES = {'search', 'recipe', 'neck-cosine', 'sbs', *SEARCHED}
SHARED = {'midattr.triplet_weight', 'sampler.train_sampler', 'sampler.num_instances'}
"""Keys without which a metric loss does nothing."""


def test_rows_beyond_the_paper_differ_from_it_in_one_thing():
    built = rows('beyond')
    for name, run in built.items():
        if name == 'paper' or name in RECIPES:
            continue
        assert run.row.baseline == 'paper'
        changed = differing(run.cfg, built['paper'].cfg)
        assert changed | SHARED == set(run.row.own_keys) | SHARED
        assert len(changed - SHARED) <= 1 or name in {
            *('arcface', 'auto-augment', 'taller', 'warm-up', 'flat-cosine')
        }
    tricks = ['bnneck', 'smoothing', 'warm-up', 'erasing', 'last-stride', 'triplet']
    together = [pair for name in tricks for pair in built[name].row.settings.items()]
    assert dict(built['recipe'].row.settings) == dict(together)
    ways = ['flip', 'expansion', 're-ranking']
    together = [pair for name in ways for pair in built[name].row.settings.items()]
    assert dict(built['search'].row.settings) == dict(together)
    assert dict(built['neck-cosine'].row.settings) == {
        **built['bnneck'].row.settings,
        **built['warm-up'].row.settings,
    }
    for name in ('recipe', 'neck-cosine'):
        expected = {**built[name].row.settings, **dict(together)}
        assert dict(built[f'{name}-search'].row.settings) == expected


def test_rows_beyond_the_paper_have_every_choice():
    """A pooling, loss, classifier or way to weight that has no row has not been compared."""
    cfgs = [run.cfg.midattr for run in rows('beyond').values()]
    for key, choices in {
        'pooling': POOLINGS,
        'metric_loss': METRIC_LOSSES,
        'classifier': CLASSIFIERS,
        'attribute_loss': ATTRIBUTE_LOSSES,
        'task_weights': TASK_WEIGHTS,
    }.items():
        assert {cfg[key] for cfg in cfgs} == {*choices}, key


def test_attributes_beyond_the_paper_stay_at_its_layer():
    for name, run in rows('beyond').items():
        expected = 'mixture' if name == 'mixture' else 'res3d'
        assert run.cfg.midattr.attribute_layer == expected
        assert not run.cfg.midattr.layer_overrides


def test_row_sbs_is_the_configuration_of_that_name():
    built = rows('beyond')
    theirs = load_config(CONFIGS / 'sbs_market.yaml')
    # all rows are tested alike, and a cosine has no steps
    assert differing(built['sbs'].cfg, theirs) == {'midattr.precision', 'train.stepsize'}
    assert differing(built['all'].cfg, built['sbs'].cfg) == {
        'midattr.ema_decay',
        *('midattr.test_flip', 'midattr.query_expansion', 'test.rerank'),
    }


TWIN_BEYOND = [
    *('paper', 'class-balanced', 'focal', 'mixture', 'uncertainty', 'bnneck', 'smoothing'),
    *('warm-up', 'erasing', 'last-stride', 'triplet', 'recipe', 'recipe-search'),
    *('neck-cosine', 'neck-cosine-search', 'sbs', 'all'),
]
SAME_ON_RENDERED_PEOPLE = {
    *('midattr.freeze_bn', 'train.max_epoch', 'train.batch_size', 'data.width'),
    'sampler.num_instances',
}


@pytest.mark.parametrize(
    'suite, names',
    [
        ('demo_beyond', None),
        ('twin_beyond', TWIN_BEYOND),
    ],
)
def test_rows_beyond_the_paper_are_scaled_down_on_rendered_people(suite, names):
    large, small = rows('beyond'), rows(suite)
    assert list(small) == (names or list(large))
    for name, run in small.items():
        assert run.cfg.model.name == 'midattr_resnet18_market' and is_from_start(run.cfg)
        assert run.cfg.train.max_epoch == small['paper'].cfg.train.max_epoch
        assert run.cfg.data.height <= 96 and run.cfg.train.batch_size == 32
        changed = differing(run.cfg, small['paper'].cfg)
        expected = differing(large[name].cfg, large['paper'].cfg)
        assert expected - SAME_ON_RENDERED_PEOPLE <= changed <= expected, name


@pytest.mark.parametrize('name', ['demo', 'demo_beyond', 'demo_readings', 'twin', 'twin_beyond'])
def test_rendered_people_start_from_others(name):
    suite = load_suite(FOLDER / f'{name}.yaml')
    runs = plan_runs(suite, [1], Path('out'))
    [start] = plan_starts(suite, runs, Path('out'))
    cfg = start.cfg
    assert all(is_from_start(run.cfg) for run in runs)
    assert cfg.data.sources == cfg.data.targets == ['midattr_others']
    assert cfg.model.name == 'midattr_resnet18' and cfg.midattr.branches == ['global', 'local']
    assert not (cfg.midattr.freeze_bn or cfg.model.pretrained)
    first = runs[0].cfg
    assert (cfg.data.height, cfg.data.width) == (first.data.height, first.data.width)


def test_rendered_people_start_from_the_same_training():
    starts = []
    for name in ('demo', 'demo_beyond', 'demo_readings', 'twin', 'twin_beyond'):
        suite = load_suite(FOLDER / f'{name}.yaml')
        [start] = plan_starts(suite, plan_runs(suite, [1], Path('out')), Path('out'))
        starts.append(flatten(start.cfg))
    for other in starts[1:]:
        differ = {key for key in other if other[key] != starts[0][key]}
        # not read under a cosine, how often a line is printed, and what loads the images
        assert differ <= {'train.stepsize', 'train.print_freq', 'data.workers'}


@pytest.mark.parametrize('name', ['paper_market', 'paper_duke', 'demo'])
def test_claims_are_those_of_the_paper(name):
    """Attributes help; res3d over res4f over res5c and pool5; fused over its branches."""
    suite = load_suite(FOLDER / f'{name}.yaml')
    configs = {name: run.cfg for name, run in rows(name).items()}
    attributes, layers, fusing = suite.claims
    for comparison in attributes.comparisons:
        ours, theirs = configs[comparison.row], configs[comparison.over]
        assert theirs.model.name in PLAIN and ours.model.name not in PLAIN
        assert differing(ours, theirs) <= {'model.name'}
    order = ['res3d', 'res4f', 'res5c', 'pool5']
    compared = set()
    for comparison in layers.comparisons:
        ours, theirs = configs[comparison.row], configs[comparison.over]
        assert differing(ours, theirs) == {'midattr.attribute_layer'}
        pair = [cfg.midattr.attribute_layer for cfg in (ours, theirs)]
        assert order.index(pair[0]) < order.index(pair[1])
        compared.add((*ours.midattr.branches, *pair))
    assert compared == {
        ('global', 'res3d', 'res4f'),
        ('global', 'res4f', 'res5c'),
        ('global', 'res4f', 'pool5'),
        ('local', 'res3d', 'res4f'),
        ('local', 'res4f', 'res5c'),
    }
    assert [(item.row, item.descriptor, item.over) for item in fusing.comparisons] == [
        ('full', 'fused', 'full')
    ] * 2
    assert [item.over_descriptor for item in fusing.comparisons] == ['global', 'local']


PLAIN = ('midattr_resnet50', 'midattr_resnet18')


def differing(ours, theirs):
    """Return the keys of two configurations that differ, but for the folder."""
    pairs = flatten(ours), flatten(theirs)
    return {key for key in pairs[0] if pairs[0][key] != pairs[1][key]} - {'data.save_dir'}


@pytest.mark.parametrize(
    ('name', 'comparisons'),
    [
        *(('paper_duke', 10), ('demo', 10), ('twin', 7), ('demo_readings', 4), ('beyond', 0)),
        *(('backbones', 14), ('demo_backbones', 8), ('twin_backbones', 8)),
    ],
)
def test_number_of_comparisons_that_are_tested(name, comparisons):
    """Suites that take the rows of the paper over take its claims, too."""
    claims = load_suite(FOLDER / f'{name}.yaml').claims
    assert sum(len(claim.comparisons) for claim in claims) == comparisons


def test_claims_about_readings():
    """Each row with attributes is compared with the same row without."""
    configs = {name: run.cfg for name, run in rows('demo_readings').items()}
    for claim in load_suite(FOLDER / 'demo_readings.yaml').claims:
        for comparison in claim.comparisons:
            ours, theirs = configs[comparison.row], configs[comparison.over]
            differ = differing(ours, theirs)
            if ours.midattr.loss_reading != theirs.midattr.loss_reading:
                # without attributes all readings are the same training, see above
                differ -= {'midattr.loss_reading', 'train.lr', 'train.weight_decay'}
            assert differ == {'model.name'}


BACKBONE_SUITES = ['backbones', 'demo_backbones', 'twin_backbones']


@pytest.mark.parametrize('name', BACKBONE_SUITES)
def test_backbones_are_compared_without_and_with_attributes(name):
    """Each pair differs in the attributes alone, and is a claim."""
    built = rows(name)
    backbones = [row for row in built if not row.endswith('-plain')]
    assert len(backbones) >= 8 and len(built) == 2 * len(backbones)
    for backbone in backbones:
        ours, theirs = built[backbone], built[f'{backbone}-plain']
        assert ours.row.baseline == theirs.row.name and theirs.row.baseline is None
        assert differing(ours.cfg, theirs.cfg) == {'model.name'}
        assert theirs.cfg.model.name == f'midattr_{backbone}'
        assert ours.cfg.model.name == f'midattr_{backbone}_market'
    claims = load_suite(FOLDER / f'{name}.yaml').claims
    compared = [(item.row, item.over) for claim in claims for item in claim.comparisons]
    assert compared == [(backbone, f'{backbone}-plain') for backbone in backbones]
    assert len({claim.sentence for claim in claims}) == len(backbones)


@pytest.mark.parametrize('name', BACKBONE_SUITES)
def test_all_backbones_are_trained_alike(name):
    [first, *others] = [run.cfg for run in rows(name).values()]
    started = {'model.name', 'model.load_weights'}  # from a training of each backbone
    assert all({'model.name'} <= differing(cfg, first) <= started for cfg in others)
    keys = first.midattr
    assert (keys.attribute_layer, keys.branches) == ('res3d', ['global', 'local'])
    assert keys.part_rows == first.data.height / 32  # of 32 pixels, as in the paper
    weights = MidAttrLoss(keys.mu, keys.nu, keys.attribute_weight, keys.loss_reading).branch_weights
    assert weights == {'global': 1.0, 'local': 0.8} and keys.attribute_weight == 0.2


@pytest.mark.parametrize('name', BACKBONE_SUITES[1:])
def test_small_backbones_are_trained_as_the_large_ones(name):
    small, large = rows(name), rows('backbones')
    assert set(small) <= set(large)
    changed = differing(small['resnet18'].cfg, large['resnet18'].cfg) - {'model.load_weights'}
    sizes = {'data.height', 'data.width', 'midattr.part_rows', 'midattr.cache', 'data.workers'}
    data = {'data.sources', 'data.targets', 'data.transforms', 'model.pretrained'}
    schedule = {'midattr.warmup_epochs', 'train.lr', 'train.max_epoch', 'train.batch_size'}
    shown = {'train.print_freq', 'train.stepsize', 'test.eval_freq'}
    assert changed <= sizes | data | schedule | shown
    assert not small['resnet18'].cfg.model.pretrained


def test_small_backbones_start_from_the_same_trainings():
    """Only what is said of the others differs, and what the images are loaded by."""
    starts = {}
    for name in BACKBONE_SUITES[1:]:
        suite = load_suite(FOLDER / f'{name}.yaml')
        runs = plan_runs(suite, [1], Path('out'))
        assert all(is_from_start(run.cfg) for run in runs)
        starts[name] = plan_starts(suite, runs, Path('out'))
        assert len(starts[name]) == len(runs) / 2
        for start in starts[name]:
            assert start.cfg.data.sources == start.cfg.data.targets == ['midattr_others']
            assert not start.cfg.model.name.endswith('_market') and not start.cfg.model.pretrained
    for demo, twin in zip(*starts.values(), strict=True):
        assert differing(demo.cfg, twin.cfg) <= {
            'train.stepsize',
            'train.print_freq',
            'data.workers',
        }
