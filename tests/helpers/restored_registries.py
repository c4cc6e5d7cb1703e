"""Undoes what an extension registers, so that it cannot reach other tests."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from midattr_plugin import (
    ATTRIBUTE_DATASETS,
    ATTRIBUTE_LOSSES,
    BACKBONES,
    MEASUREMENTS,
    torchreid_compat,
    use_fast_ranking,
)
from midattr_plugin.config import KEYS
from midattr_plugin.models import MODELS

_REGISTRIES = (ATTRIBUTE_DATASETS, ATTRIBUTE_LOSSES, BACKBONES, KEYS, MEASUREMENTS, MODELS)
_TABLES = (torchreid_compat._model_factory, torchreid_compat._dataset_registry)


@contextmanager
def restored_registries(folder: Path) -> Iterator[None]:
    """Registries, torchreid's tables and the modules of ``folder`` are as before at the end."""
    names = [list(registry) for registry in _REGISTRIES]
    tables = [dict(table) for table in _TABLES]
    search_path = list(sys.path)
    try:
        yield
    finally:
        for registry, before in zip(_REGISTRIES, names, strict=True):
            for name in set(registry) - set(before):
                registry.unregister(name)
        for table, before in zip(_TABLES, tables, strict=True):
            table.clear()
            table.update(before)
        for name, module in list(sys.modules.items()):
            if Path(getattr(module, '__file__', None) or '/').is_relative_to(folder):
                del sys.modules[name]
        sys.path[:] = search_path
        use_fast_ranking()
