"""Configuration: keys, a YAML file, the command line.

    cfg = parse_config()                       # in an entry point
    cfg = load_config('midattr_market.yaml', ['train.lr', 0.02])
    datamanager = torchreid.data.ImageDataManager(**arguments(cfg, 'image_data'))

The keys are in :mod:`.torchreid_keys` and :mod:`.midattr_keys`, one row each.
"""

from midattr_plugin.config import midattr_keys, torchreid_keys  # noqa: F401  which register them
from midattr_plugin.config.arguments import build_parser, parse_config
from midattr_plugin.config.find import find_config
from midattr_plugin.config.key import Interval, Key
from midattr_plugin.config.keys import KEYS
from midattr_plugin.config.kwargs import arguments
from midattr_plugin.config.load import dump_config, get_default_config, load_config

__all__ = [
    'KEYS',
    'Interval',
    'Key',
    'arguments',
    'build_parser',
    'dump_config',
    'find_config',
    'get_default_config',
    'load_config',
    'parse_config',
]
