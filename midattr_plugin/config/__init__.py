"""Configuration: keys and defaults, a YAML file, the command line.

    cfg = parse_config()                       # in an entry point
    cfg = load_config('configs/midattr_market.yaml', ['train.lr', 0.02])
    datamanager = torchreid_compat.ImageDataManager(**imagedata_kwargs(cfg))

Reference of the keys: :mod:`.torchreid_keys` (torchreid's) and :mod:`.midattr_keys` (ours).
"""

from midattr_plugin.config.arguments import build_parser, parse_config
from midattr_plugin.config.kwargs import (
    engine_run_kwargs,
    imagedata_kwargs,
    loss_kwargs,
    lr_scheduler_kwargs,
    model_kwargs,
    optimizer_kwargs,
    videodata_kwargs,
)
from midattr_plugin.config.load import dump_config, get_default_config, load_config

__all__ = [
    'build_parser',
    'dump_config',
    'engine_run_kwargs',
    'get_default_config',
    'imagedata_kwargs',
    'load_config',
    'loss_kwargs',
    'lr_scheduler_kwargs',
    'model_kwargs',
    'optimizer_kwargs',
    'parse_config',
    'videodata_kwargs',
]
