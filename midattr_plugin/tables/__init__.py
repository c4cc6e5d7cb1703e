"""Own data by a table: a row per image, with who it shows and what is known of it."""

from midattr_plugin.tables.table_file import (
    GALLERY,
    QUERY,
    SPLITS,
    TEST,
    TRAIN,
    VAL,
    Table,
    TableRow,
    read_table,
)
from midattr_plugin.tables.table_schema import inferred_schema, read_schema, table_labels
from midattr_plugin.tables.table_split import split_table

__all__ = [
    'GALLERY',
    'QUERY',
    'SPLITS',
    'TEST',
    'TRAIN',
    'VAL',
    'Table',
    'TableRow',
    'inferred_schema',
    'read_schema',
    'read_table',
    'split_table',
    'table_labels',
]
