"""Readers of public annotations of pedestrian attributes, each of which makes a table of them.

A reader is a function in a file of its own::

    @READERS.register('my_dataset')
    def read_my_dataset(root, partition): ...
"""

from midattr_plugin.tables.readers import pa100k, peta, rap_v1, rap_v2, upar
from midattr_plugin.tables.readers.annotations import READERS, Annotations

__all__ = ['READERS', 'Annotations', 'pa100k', 'peta', 'rap_v1', 'rap_v2', 'upar']
