"""Keys of what you bring: extensions, and the table of your own images."""

from midattr_plugin.config.condition import condition, is_one_of
from midattr_plugin.config.key import NOT_NEGATIVE, Key
from midattr_plugin.datasets.table_dataset import TABLE

_TABLE = condition(
    f'data.sources or data.targets name {TABLE}',
    lambda values: TABLE in {*values['data.sources'], *values['data.targets']},
)

ROWS: dict[str, Key] = {
    'extensions': Key(
        [],
        'modules, or paths of .py files, that register losses, datasets, backbones, keys or '
        'measurements of your own; they are imported before the other keys are read',
        path=True,
    ),
    'csv.file': Key(
        '',
        'table of your own images, the dataset csv: a CSV file with the columns path, pid, camid, '
        'split (train, query or gallery) and one for each attribute. camid and split may be '
        'missing, and pid, too: only attributes are then learned (split train, val or test)',
        argument='csv.file',
        path=True,
        read_if=_TABLE,
    ),
    'csv.attributes': Key(
        [],
        'columns of the table that are attributes; none: all others',
        argument='csv.attributes',
        read_if=_TABLE & is_one_of('midattr.csv.schema', ''),
    ),
    'csv.schema': Key(
        '',
        'YAML file with the attributes of the table, e.g. `bag: {classes: [no, yes], parts: [2, '
        "3]}` in a line. '': their classes are the values in the training images; those with the "
        'name of an attribute of another dataset are seen on the same parts, others on all',
        argument='csv.schema',
        path=True,
        read_if=_TABLE,
    ),
    'csv.seed': Key(
        0,
        'seed of the split of a table that has none; not train.seed, as all runs are tested on the '
        'same people',
        NOT_NEGATIVE,
        argument='csv.seed',
        read_if=_TABLE,
    ),
}
