"""Suites: YAML files that list what is compared.

::

    title: The tables of the paper          # of the report
    dataset: Market-1501                     # to which the published figures belong
    config: ../midattr_market.yaml           # base of all rows, beside this file
    set: {train.max_epoch: 62}               # keys that differ from it, for all its rows
    rows:
      - name: T4.1                           # of the row and of its folder
        label: global, no attributes
        set: {model.name: midattr_resnet50}  # keys that differ for this row
        config: ../other.yaml                # instead of base and its keys
        baseline: T4.0                       # row that it is compared with, seed by seed
        published: {global: {rank-1: 81.24, mAP: 60.68}}    # percent, by descriptor
    reported:                                # figures of others, which are not run
      - {name: TriNet, rank-1: 84.92, mAP: 69.14}
    rows_of: paper_market.yaml               # take the rows (and ``reported``) of another suite,
    only: [T4.1, T4.4]                       # these of them (default: all),
    replace: {model.name: {a: b}}            # with these values of these keys replaced
    select: {midattr.mu: [4, 5]}             # grid of ``--select``
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from midattr_plugin.errors import InputError

METRICS = ('rank-1', 'rank-5', 'rank-10', 'rank-20', 'mAP')

_SUITE_KEYS = ('title', 'dataset', 'config', 'set', 'rows', 'reported', 'rows_of', 'only',
               'replace', 'select')
_ROW_KEYS = ('name', 'label', 'config', 'set', 'baseline', 'published')
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9.+=_-]*')


@dataclass(frozen=True)
class Row:
    """One configuration.

    Attributes:
        config: YAML file that it starts from.
        settings: keys and values that differ from the file.
        baseline: name of the row that it is compared with, or None.
        published: descriptor -> figure -> percent.
    """

    name: str
    label: str
    config: Path
    settings: Mapping[str, Any]
    baseline: str | None = None
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """What a suite file says; ``reported`` are rows of others: name and figures in percent."""

    name: str
    title: str
    dataset: str
    rows: tuple[Row, ...]
    reported: tuple[Mapping[str, Any], ...] = ()
    select: Mapping[str, list] = field(default_factory=dict)


def load_suite(path: str | Path) -> Suite:
    """Reads a suite.

    Raises:
        InputError: there is no such file, or it does not say what a suite says.
    """
    path = Path(path)
    content = _read(path)
    _check_keys(content, _SUITE_KEYS, f'suite "{path}"')
    settings, replace = _mapping(content, 'set', path), _mapping(content, 'replace', path)
    rows, reported = [], _list(content, 'reported', path)
    if 'rows_of' in content:
        other = path.parent / content['rows_of']
        inherited = _read(other)
        rows += _chosen(_list(inherited, 'rows', other), _list(content, 'only', path), path)
        reported = [*_list(inherited, 'reported', other), *reported]
        content.setdefault('dataset', inherited.get('dataset', ''))
    elif 'only' in content:
        raise InputError(f'suite "{path}": only chooses rows of another suite, but there is no '
                         'rows_of; name that suite, or delete only')
    rows += _list(content, 'rows', path)
    built = tuple(_row(row, path, content.get('config'), settings, replace) for row in rows)
    _check_names(built, path)
    for figures in reported:
        if not isinstance(figures, dict) or 'name' not in figures:
            raise InputError(f'suite "{path}": an entry of reported has no name; give it one')
        _check_keys(figures, ('name', *METRICS), f'suite "{path}", reported "{figures["name"]}"')
    select = _mapping(content, 'select', path)
    for key, values in select.items():
        if not isinstance(values, list) or not values:
            raise InputError(f'suite "{path}": select.{key} must be a list of values to try')
    return Suite(path.stem, str(content.get('title', path.stem)), str(content.get('dataset', '')),
                 built, tuple(reported), select)


def _read(path: Path) -> dict:
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except OSError as error:
        known = ', '.join(sorted(str(other) for other in path.parent.glob('*.yaml')))
        hint = f' ({known})' if known else ''
        raise InputError(f'suite "{path}" cannot be read ({error.strerror}); give the path of a '
                         f'suite file{hint}') from None
    except (yaml.YAMLError, ValueError) as error:
        problem = ' '.join(str(error).split())
        raise InputError(f'suite "{path}" is not valid YAML ({problem}); mend it') from None
    if not isinstance(content, dict):
        raise InputError(f'suite "{path}" is not a mapping with rows; see configs/compare')
    return content


def _chosen(rows: list, names: list, path: Path) -> list:
    if not names:
        return rows
    named = {row.get('name'): row for row in rows if isinstance(row, dict)}
    for name in names:
        if name not in named:
            raise InputError(f'suite "{path}": only names "{name}", which is not a row of the '
                             f'other suite; choose from {", ".join(map(str, named))}')
    return [named[name] for name in names]


def _row(content: Any, path: Path, base: str | None, settings: dict, replace: dict) -> Row:
    if not isinstance(content, dict) or not _NAME.fullmatch(str(content.get('name', ''))):
        raise InputError(f'suite "{path}": a row has no usable name ({content!r:.60}); name it '
                         'with letters, digits and any of . + = _ -')
    name = str(content['name'])
    where = f'suite "{path}", row "{name}"'
    _check_keys(content, _ROW_KEYS, where)
    config = content.get('config', base)
    if config is None:
        raise InputError(f'{where}: there is no config, neither of the row nor of the suite; name '
                         'the file that it starts from')
    merged = ({} if 'config' in content else settings) | _mapping(content, 'set', where)
    for key, values in replace.items():
        if key in merged:
            merged[key] = values.get(merged[key], merged[key])
    published = _mapping(content, 'published', where)
    for descriptor, figures in published.items():
        if not isinstance(figures, dict):
            raise InputError(f'{where}: published.{descriptor} must be figures, as in '
                             '{rank-1: 81.24, mAP: 60.68}')
        _check_keys(figures, METRICS, f'{where}, published.{descriptor}')
    return Row(name, str(content.get('label', name)), path.parent / config, merged,
               content.get('baseline'), published)


def _check_names(rows: tuple[Row, ...], path: Path) -> None:
    names = [row.name for row in rows]
    if not names:
        raise InputError(f'suite "{path}" has no rows; list some under rows')
    for row in rows:
        if names.count(row.name) > 1:
            raise InputError(f'suite "{path}": two rows are named "{row.name}"; rename one')
        if row.baseline is not None and row.baseline not in names:
            raise InputError(f'suite "{path}", row "{row.name}": its baseline "{row.baseline}" is '
                             f'not a row; choose from {", ".join(names)}')


def _check_keys(content: Mapping, known: tuple[str, ...], where: str) -> None:
    unknown = [key for key in content if key not in known]
    if unknown:
        raise InputError(f'{where}: unknown key "{unknown[0]}"; choose from {", ".join(known)}')


def _mapping(content: Mapping, key: str, where: str | Path) -> dict:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        raise InputError(f'{where}: {key} must be a mapping of keys to values')
    return value


def _list(content: Mapping, key: str, path: Path) -> list:
    value = content.get(key) or []
    if not isinstance(value, list):
        raise InputError(f'suite "{path}": {key} must be a list')
    return value
