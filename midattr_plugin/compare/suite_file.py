"""Reading of suite files, with an error that names whatever does not belong there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from midattr_plugin.compare.query_differences import ZHENG_MAP
from midattr_plugin.engine.results import REID_SCORES
from midattr_plugin.errors import InputError
from midattr_plugin.models.model_options import DESCRIPTORS

TEXT, NUMBER, LIST, MAPPING = 'text', 'a number', 'a list', 'a mapping of keys to values'
_TYPES = {TEXT: str, NUMBER: (int, float), LIST: list, MAPPING: dict}
PUBLISHED_SCORES = tuple(name for name in REID_SCORES if name != ZHENG_MAP)
"""Scores under the names under which they are published; mAP is that of Zheng et al.'s code."""
_SCORES = dict.fromkeys(PUBLISHED_SCORES, NUMBER)
_SUITE = {
    'title': TEXT,
    'dataset': TEXT,
    'config': TEXT,
    'set': MAPPING,
    'start': MAPPING,
    'rows': LIST,
    'reported': LIST,
    'rows_of': TEXT,
    'only': LIST,
    'replace': MAPPING,
    'select': MAPPING,
    'claims': LIST,
}
_ROW = {
    'name': TEXT,
    'label': TEXT,
    'config': TEXT,
    'set': MAPPING,
    'baseline': TEXT,
    'published': MAPPING,
}
_START = {key: _ROW[key] for key in ('label', 'config', 'set')} | {'per': TEXT}
BACKBONE = 'backbone'
"""What there may be a start for each of."""
_CLAIM = {'claim': TEXT, 'comparisons': LIST}
_COMPARISON = dict.fromkeys(('row', 'over', 'score', 'descriptor', 'over_descriptor'), TEXT)
_PUBLISHED = dict.fromkeys(DESCRIPTORS, MAPPING)


def read_suite_file(path: Path) -> dict[str, Any]:
    """Return the content of a suite file, every value of its kind, without keys that lack one.

    Raises:
        InputError: the file cannot be read, is not YAML, or holds something else than a suite.
    """
    where = f'suite "{path}"'
    content = _checked(_read(path), _SUITE, where)
    content['rows'] = [
        _checked_row(row, place, where) for place, row in enumerate(content.get('rows', []), 1)
    ]
    if 'start' in content:
        content['start'] = _checked(content['start'], _START, f'{where}, start')
        if content['start'].get('per', BACKBONE) != BACKBONE:
            raise InputError(
                f'{where}, start: per is "{content["start"]["per"]}", but there can only be one '
                f'per {BACKBONE}; write that, or leave it out'
            )
    content['reported'] = [_checked_reported(row, where) for row in content.get('reported', [])]
    if 'claims' in content:
        content['claims'] = [
            _checked_claim(claim, place, where) for place, claim in enumerate(content['claims'], 1)
        ]
    for key, kind in (('select', LIST), ('replace', MAPPING)):  # may have any keys
        values_by_key = content.get(key, {})
        content[key] = _checked(
            values_by_key, dict.fromkeys(values_by_key, kind), f'{where}, {key}'
        )
    for key, values in content['select'].items():
        if not values:
            raise InputError(f'{where}, select: {key} has no values to try; list some')
    return content


def _checked(content: Any, kinds: Mapping[str, str], where: str) -> dict:
    """Return the values of a mapping, each checked to be of the kind of its key."""
    if not isinstance(content, dict):
        raise InputError(f'{where} must be {MAPPING}, not {content!r:.60}')
    result = {}
    for key, value in content.items():
        if key not in kinds:
            raise InputError(f'{where}: unknown key "{key}"; choose from {", ".join(kinds)}')
        if value is not None:
            result[key] = _checked_value(value, kinds[key], f'{where}: {key}')
    return result


def _checked_value(value: Any, kind: str, name: str) -> Any:
    is_number = isinstance(value, _TYPES[NUMBER]) and not isinstance(value, bool)
    if kind == TEXT and is_number:
        return str(value)  # a name such as 4.1
    if is_number if kind == NUMBER else isinstance(value, _TYPES[kind]):
        return value
    raise InputError(f'{name} must be {kind}, not {value!r:.60}')


def _checked_reported(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict) or row.get('name') is None:
        raise InputError(f'{where}: an entry of reported has no name; give it one')
    return _checked(row, {'name': TEXT, **_SCORES}, f'{where}, reported "{row["name"]}"')


def _checked_row(row: Any, place: int, where: str) -> dict[str, Any]:
    if not isinstance(row, dict) or row.get('name') is None:
        raise InputError(f'{where}: row {place} has no name ({row!r:.60}); give it one')
    where = f'{where}, row "{row["name"]}"'
    content = _checked(row, _ROW, where)
    published = _checked(content.get('published', {}), _PUBLISHED, f'{where}, published')
    content['published'] = {
        descriptor: _checked(scores, _SCORES, f'{where}, published.{descriptor}')
        for descriptor, scores in published.items()
    }
    return content


def _checked_claim(claim: Any, place: int, where: str) -> dict[str, Any]:
    if not isinstance(claim, dict) or claim.get('claim') is None:
        raise InputError(
            f'{where}: claim {place} does not say what it claims ({claim!r:.60}); give it a claim'
        )
    where = f'{where}, claim "{claim["claim"]}"'
    content = _checked(claim, _CLAIM, where)
    comparisons = content.get('comparisons')
    if not comparisons:
        raise InputError(f'{where} has no comparisons; list some, e.g. - {{row: a, over: b}}')
    content['comparisons'] = []
    for number, item in enumerate(comparisons, 1):
        comparison = _checked(item, _COMPARISON, f'{where}, comparison {number}')
        for key, choices in (
            ('score', REID_SCORES),
            ('descriptor', DESCRIPTORS),
            ('over_descriptor', DESCRIPTORS),
        ):
            if comparison.get(key, choices[0]) not in choices:
                raise InputError(
                    f'{where}, comparison {number}: {key} "{comparison[key]}" is not one of '
                    f'{", ".join(choices)}'
                )
        for key in ('row', 'over'):
            if key not in comparison:
                raise InputError(
                    f'{where}, comparison {number} has no {key}; name the row that '
                    + ('is compared' if key == 'row' else 'it is compared with')
                )
        content['comparisons'].append(comparison)
    return content


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding='utf-8'), _Loader)
    except OSError as error:
        existing = ', '.join(sorted(str(other) for other in path.parent.glob('*.yaml')))
        hint = f' ({existing})' if existing else ''
        raise InputError(
            f'suite "{path}" cannot be read ({error.strerror}); give the path of a suite file{hint}'
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        problem = ' '.join(str(error).split())
        raise InputError(f'suite "{path}" is not valid YAML ({problem}); fix it') from None


class _Loader(yaml.SafeLoader):
    """YAML loader that refuses a repeated key, of which YAML would silently take the last."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and keys.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f'"{key.value}" is given twice', key.start_mark
                )
        return super().construct_mapping(node, deep)
