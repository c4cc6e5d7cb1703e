"""What a table without identities asks of the other keys, as only attributes are learned."""

from yacs.config import CfgNode

from midattr_plugin.config.switched_off import check_off
from midattr_plugin.datasets.table_dataset import TABLE, table_of
from midattr_plugin.errors import InputError
from midattr_plugin.models import MODELS

_ADD_PIDS = 'add the column pid to the table'
_SEARCH_OFF = {'test.visrank': False, 'test.rerank': False, 'midattr.query_expansion': 0}
_UNUSED = ('mu', 'nu', 'branches', 'descriptor', 'dropout', 'bnneck')


def check_attributes_alone(cfg: CfgNode) -> None:
    """Check the keys that a table without identities contradicts, and say what has no effect.

    Args:
        cfg: the configuration; whatever its sources and targets are.

    Raises:
        InputError: a key needs identities, or nothing could be tested.
    """
    if not names_table_without_pids(cfg):
        return
    if TABLE in cfg.data.sources:
        _check_trained_alone(cfg)
    else:
        _check_tested_alone(cfg)


def names_table_without_pids(cfg: CfgNode) -> bool:
    """Return whether a source or a target is a table that does not say who is seen.

    Args:
        cfg: the configuration.

    Raises:
        InputError: the table cannot be used.
    """
    is_named = cfg.data.type == 'image' and TABLE in {*cfg.data.sources, *cfg.data.targets}
    return bool(is_named and cfg.midattr.csv.file) and not table_of(cfg.midattr.csv.file).has_pids


def _check_trained_alone(cfg: CfgNode) -> None:
    table = f'table "{cfg.midattr.csv.file}" has no column pid, so that'
    others = [name for name in cfg.data.sources if name != TABLE]
    if others:
        raise InputError(
            f'data.sources: the {table} its people cannot be told from those of '
            f'{", ".join(others)}; train on the table alone, or {_ADD_PIDS}'
        )
    if cfg.loss.name != 'midattr' or cfg.model.name not in MODELS:
        raise InputError(
            f'loss.name {cfg.loss.name} with model.name {cfg.model.name} learns identities, but '
            f'the {table} there are none; choose midattr and a model midattr_<backbone>, or '
            f'{_ADD_PIDS}'
        )
    reason = f'the {table} there are no identities'
    losses = {'midattr.triplet_weight': 0, 'midattr.validation_identities': 0}
    check_off(cfg, losses | _SEARCH_OFF, reason, _ADD_PIDS)
    if cfg.sampler.train_sampler == 'RandomIdentitySampler':
        check_off(cfg, {'sampler.train_sampler': 'RandomSampler'}, reason, _ADD_PIDS)
    keys = cfg.midattr
    if keys.loss_reading == 'literal' and keys.attribute_weight == 0:
        raise InputError(
            f'midattr.attribute_weight is 0, but the {table} there is nothing but attributes to '
            'learn; set it above 0'
        )
    print(
        f'Note: the {table} only attributes are learned and tested; without effect are '
        f'{", ".join(f"midattr.{name}" for name in _UNUSED)}'
    )


def _check_tested_alone(cfg: CfgNode) -> None:
    entry = MODELS[cfg.model.name] if cfg.model.name in MODELS else None
    if entry is None or entry.schema is None:
        raise InputError(
            f'data.targets: the table "{cfg.midattr.csv.file}" has no column pid, and model.name '
            f'{cfg.model.name} no attributes, so that there is nothing to test; choose a model '
            f'with attributes, or {_ADD_PIDS}'
        )
    reason = f'the table "{cfg.midattr.csv.file}" has no column pid, so that nobody is searched for'
    check_off(cfg, _SEARCH_OFF, reason, _ADD_PIDS)
