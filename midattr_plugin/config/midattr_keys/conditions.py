"""Conditions that keys of several modules share."""

from midattr_plugin.config.condition import condition, has_item, is_one_of
from midattr_plugin.datasets.table_dataset import TABLE
from midattr_plugin.models.model_options import BRANCHES
from midattr_plugin.models.zoo import MODELS

ATTRIBUTES = condition(
    'model.name learns attributes',
    lambda values: (
        values['model.name'] in MODELS
        and (MODELS[values['model.name']].schema is not None or TABLE in values['data.sources'])
    ),
)
GLOBAL, LOCAL = (has_item('midattr.branches', branch) for branch in BRANCHES)
MIDATTR = is_one_of('loss.name', 'midattr')
