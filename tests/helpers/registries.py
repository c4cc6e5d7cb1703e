"""Entries that a test registers, taken back when it ends."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from midattr_plugin import (
    ATTRIBUTE_DATASETS,
    ATTRIBUTE_LOSSES,
    BACKBONES,
    MEASUREMENTS,
    METRIC_LOSSES,
    torchreid_compat,
)
from midattr_plugin.config import KEYS
from midattr_plugin.models import MODELS

REGISTRIES = (
    KEYS,
    ATTRIBUTE_LOSSES,
    METRIC_LOSSES,
    ATTRIBUTE_DATASETS,
    BACKBONES,
    MODELS,
    MEASUREMENTS,
)


@contextmanager
def restored_registries(folder: Path) -> Iterator[None]:
    """Unregister all that is registered inside, and forget the modules of a folder.

    Args:
        folder: of the modules that are imported inside.
    """
    names = [set(registry) for registry in REGISTRIES]
    tables = torchreid_compat._model_factory, torchreid_compat._dataset_registry
    entries = [dict(table) for table in tables]
    search_path = list(sys.path)
    try:
        yield
    finally:
        for registry, before in zip(REGISTRIES, names, strict=True):
            for name in set(registry) - before:
                registry.unregister(name)
        for table, before in zip(tables, entries, strict=True):
            table.clear()
            table.update(before)
        sys.path[:] = search_path
        for name, module in list(sys.modules.items()):
            if str(getattr(module, '__file__', '')).startswith(str(folder)):
                del sys.modules[name]
