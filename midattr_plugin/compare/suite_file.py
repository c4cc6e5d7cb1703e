"""Reads the YAML of a suite and refuses, by name, what a suite does not say."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from midattr_plugin.errors import InputError

METRICS = ('rank-1', 'rank-5', 'rank-10', 'rank-20', 'mAP')
DESCRIPTORS = ('fused', 'global', 'local')

TEXT, NUMBER, LIST, MAPPING = 'text', 'a number', 'a list', 'a mapping of keys to values'
_FIGURES = dict.fromkeys(METRICS, NUMBER)
_SUITE = {'title': TEXT, 'dataset': TEXT, 'config': TEXT, 'set': MAPPING, 'rows': LIST,
          'reported': LIST, 'rows_of': TEXT, 'only': LIST, 'replace': MAPPING, 'select': MAPPING}
_ROW = {'name': TEXT, 'label': TEXT, 'config': TEXT, 'set': MAPPING, 'baseline': TEXT,
        'published': MAPPING}


def read_suite_file(path: Path) -> dict[str, Any]:
    """What the file says; every value is of its kind, and what has none is left out.

    Raises:
        InputError: it cannot be read, is not YAML, or says something that a suite does not.
    """
    where = f'suite "{path}"'
    content = checked(_read(path), _SUITE, where)
    rows = content.get('rows', [])
    content['rows'] = [_checked_row(row, place, where) for place, row in enumerate(rows, 1)]
    for figures in content.get('reported', []):
        if not isinstance(figures, dict) or 'name' not in figures:
            raise InputError(f'{where}: an entry of reported has no name; give it one')
    content['reported'] = [
        checked(figures, {'name': TEXT, **_FIGURES}, f'{where}, reported "{figures["name"]}"')
        for figures in content.get('reported', [])]
    for key, values in content.get('select', {}).items():
        if not isinstance(values, list) or not values:
            raise InputError(f'{where}: select.{key} must be a list of values to try')
    checked(content.get('replace', {}), None, f'{where}, replace', MAPPING)
    return content


def checked(content: Any, kinds: Mapping[str, str] | None, where: str, kind: str = '') -> dict:
    """The values of a mapping, each of the kind that its key has.

    Args:
        kinds: key -> kind; None: any key.
        where: of the mapping, for the error.
        kind: of all values, if ``kinds`` is None.
    """
    if not isinstance(content, dict):
        raise InputError(f'{where} must be {MAPPING}, not {content!r:.60}')
    result = {}
    for key, value in content.items():
        if kinds is not None and key not in kinds:
            raise InputError(f'{where}: unknown key "{key}"; choose from {", ".join(kinds)}')
        if value is not None:
            result[key] = _of_kind(value, kind or kinds[key], f'{where}: {key}')
    return result


def _of_kind(value: Any, kind: str, what: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == TEXT and is_number:
        return str(value)  # a name such as 4.1
    if (kind == TEXT and isinstance(value, str)) or (kind == NUMBER and is_number) or (
            kind == LIST and isinstance(value, list)) or (
            kind == MAPPING and isinstance(value, dict)):
        return value
    raise InputError(f'{what} must be {kind}, not {value!r:.60}')


def _checked_row(row: Any, place: int, where: str) -> dict[str, Any]:
    if not isinstance(row, dict) or row.get('name') is None:
        raise InputError(f'{where}: row {place} has no name ({row!r:.60}); give it one')
    where = f'{where}, row "{row["name"]}"'
    content = checked(row, _ROW, where)
    published = checked(content.get('published', {}), dict.fromkeys(DESCRIPTORS, MAPPING),
                        f'{where}, published')
    content['published'] = {
        descriptor: checked(figures, _FIGURES, f'{where}, published.{descriptor}')
        for descriptor, figures in published.items()}
    return content


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding='utf-8'), _Loader)  # noqa: S506, a safe loader
    except OSError as error:
        known = ', '.join(sorted(str(other) for other in path.parent.glob('*.yaml')))
        hint = f' ({known})' if known else ''
        raise InputError(f'suite "{path}" cannot be read ({error.strerror}); give the path of a '
                         f'suite file{hint}') from None
    except (yaml.YAMLError, ValueError) as error:
        problem = ' '.join(str(error).split())
        raise InputError(f'suite "{path}" is not valid YAML ({problem}); mend it') from None


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would take the later."""

    def construct_mapping(self, node, deep=False):
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'"{key}" is given twice', key_node.start_mark)
            seen.add(key if isinstance(key, Hashable) else None)
        return super().construct_mapping(node, deep)
