"""Whether a run may be compared with published scores: it must be what was published.

What was published is the configuration file that a row starts from, with the keys of the row, in
the suite that has the published scores. Keys of the command line, of the suite as a whole or of
another suite that takes the row over differ from it; so the score of an epoch instead of 62 is
never given as "ours minus published".
"""

from collections.abc import Iterator

from yacs.config import CfgNode

from midattr_plugin.compare.plan import is_from_start
from midattr_plugin.compare.suite import Row
from midattr_plugin.config import load_config
from midattr_plugin.config.keys import all_keys, flatten
from midattr_plugin.errors import InputError

_SHOWN = 2  # differences named in a cell
_OPTIONAL = {
    'data.root', 'data.targets', 'data.workers', 'data.save_dir',
    'model.resume', 'use_gpu',
    'train.seed', 'train.start_epoch', 'train.print_freq',
    'test.batch_size', 'test.ranks', 'test.evaluate', 'test.eval_freq', 'test.start_eval',
    'test.visrank', 'test.visrank_topk',
    'midattr.extensions', 'midattr.checkpoint_seconds', 'midattr.untrained',
    'midattr.evaluate_first', 'midattr.precision', 'midattr.compile', 'midattr.sync_batch_norm',
    'midattr.deterministic', 'midattr.cache', 'midattr.fast_ranking', 'midattr.ranking_memory',
    'midattr.annotations.market1501', 'midattr.annotations.dukemtmcreid',
}  # fmt: skip
"""Keys of the machine, of speed and of what is printed or kept; each target is judged by itself."""


def is_dataset(name: str, dataset: str) -> bool:
    """Return whether torchreid's ``name``, e.g. market1501_attr, is ``dataset``, Market-1501."""
    return name.removesuffix('_attr') == dataset.lower().replace('-', '')


def deviation(row: Row, cfg: CfgNode, dataset: str) -> str:
    """Return why a run is not what was published, as a clause; '' if it is.

    Args:
        row: of the run.
        cfg: of the run.
        dataset: to which the published scores belong.
    """
    for source in cfg.data.sources:
        if not is_dataset(source, dataset):
            return f'trained on {source}'
    for key, words in (
        ('data.combineall', 'trained on query and gallery, too'),
        ('market1501.use_500k_distractors', 'tested with 500,000 more distractors'),
        ('midattr.validation_identities', 'some identities were held out of its training'),
    ):
        if flatten(cfg)[key]:
            return words
    if is_from_start(cfg):
        return 'started from the weights of another training'
    if not row.published:
        return ''
    pairs = [item for pair in row.published_settings.items() for item in pair]
    try:
        reference = load_config(row.published_config, pairs)
    except InputError as error:
        return f'the configuration of the published scores cannot be read: {error.sentence}'
    found = list(_differences(flatten(cfg), flatten(reference)))
    more = f', and {len(found) - _SHOWN} more keys' if len(found) > _SHOWN else ''
    return ', '.join(found[:_SHOWN]) + more


def _differences(values: dict, published: dict) -> Iterator[str]:
    """Yield the keys that differ and have an effect; the number of epochs first."""
    keys = all_keys()
    for name in sorted(values, key=lambda name: name != 'train.max_epoch'):
        if name in _OPTIONAL or values[name] == published[name]:
            continue
        condition = keys[name].read_if
        if condition is None or not (condition.unmet(values) and condition.unmet(published)):
            yield f'{name} is {_shown(values[name])}, not {_shown(published[name])}'


def _shown(value: object) -> str:
    return '""' if value == '' else str(value)
