"""Suites: YAML files that list the configurations to compare.

::

    title: The tables of the paper          # of the report
    dataset: Market-1501                     # to which the published scores belong
    config: ../midattr_market.yaml           # base of all rows: beside this file, or by name
    set: {train.max_epoch: 62}               # keys that differ from it in all its rows
    start:                                   # trained first, once: all rows start from its weights
      label: plain, on other people
      set: {data.sources: [midattr_others]}  # the last word on these keys; config: as in a row
      per: backbone                          # one for each backbone of the rows; default: one
    rows:
      - name: T4.1                           # of the row and of its folder
        label: global, no attributes
        set: {model.name: midattr_resnet50}  # keys that differ in this row
        config: ../other.yaml                # instead of the base and its keys
        baseline: T4.0                       # row that it is compared with, seed by seed
        published: {global: {rank-1: 81.24, mAP: 60.68}}    # percent, by descriptor
    reported:                                # scores of others, which are not run
      - {name: TriNet, rank-1: 84.92, mAP: 69.14}
    claims:                                  # what is tested, with a correction for their number
      - claim: Attributes help
        comparisons:                         # all of which must hold
          - {row: T4.4, over: T4.1}          # score: mAP; descriptor: that of the model;
                                             # over_descriptor: as descriptor
    rows_of: paper_market.yaml               # take the rows (and ``reported``) of another suite,
    only: [T4.1, T4.4]                       # these of them (default: all),
    replace: {model.name: {a: b}}            # with these values of these keys replaced
    select: {midattr.mu: [4, 5]}             # grid of ``--select``

Under another ``dataset`` the rows of another suite come without their published scores. The claims
of another suite are taken over, too, except comparisons whose rows are not, and unless there are
``claims`` here.

The ``start`` is a row of its own, named so, with seed 1 for all seeds of the rows. It has the
``config`` and ``set`` of the suite and the keys of the command line, as a row has; but its own
``set`` counts before the command line, so that ``train.max_epoch 1`` or ``data.sources x`` there
change the rows and not what they start from. The rows get its weights as ``model.load_weights``,
and ``model.pretrained False``, unless ``model.load_weights`` is set: in a row ('' starts it without
the start), in the suite or on the command line. With ``per: backbone`` there is one for each
backbone of the rows, named ``start-<backbone>``, which trains its model without attributes. The
start belongs to its suite, as ``config`` and ``set`` do: ``rows_of`` does not take it over.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from midattr_plugin.compare.claims import Claim, inherited_claims, read_claims
from midattr_plugin.compare.suite_file import read_suite_file
from midattr_plugin.config import get_default_config
from midattr_plugin.config.find import shipped_configs
from midattr_plugin.config.keys import flatten, unknown_key
from midattr_plugin.errors import InputError
from midattr_plugin.user_path import user_path

START = 'start'
"""Name of the row from whose weights the others start."""

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9.+=_-]*')


@dataclass(frozen=True)
class Row:
    """One configuration of a suite.

    Attributes:
        name: of the row and of its folder.
        label: its description in the report.
        config: YAML file that it starts from.
        settings: keys and values that differ from the file.
        baseline: name of the row that it is compared with, or None.
        published: descriptor -> score -> percent.
        own_keys: keys that this row sets for itself, and that must have an effect in it.
        published_config: YAML file from which the suite with the published scores starts it.
        published_settings: keys and values that it sets for itself there.
    """

    name: str
    label: str
    config: Path
    settings: Mapping[str, Any]
    baseline: str | None = None
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    own_keys: tuple[str, ...] = ()
    published_config: Path | None = None
    published_settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """Content of a suite file.

    Attributes:
        name: of the file.
        title: of the report.
        dataset: to which the published scores belong; '' if unknown.
        rows: the configurations.
        reported: rows of others: 'name' and scores in percent.
        select: grid of ``--select``: key -> values.
        claims: the primary comparisons.
        claims_note: which claims of another suite were not taken over; '' if all were.
        start: from whose weights the rows start; None without it.
        is_start_per_backbone: whether each backbone has a start of its own.
    """

    name: str
    title: str
    dataset: str
    rows: tuple[Row, ...]
    reported: tuple[Mapping[str, Any], ...] = ()
    select: Mapping[str, list] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    claims_note: str = ''
    start: Row | None = None
    is_start_per_backbone: bool = False

    @property
    def compared_rows(self) -> list[tuple[str, str]]:
        """Names of rows that are compared, each once: with their baselines, then in claims."""
        pairs = [(row.name, row.baseline) for row in self.rows if row.baseline]
        pairs += [(item.row, item.over) for claim in self.claims for item in claim.comparisons]
        return [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]


def load_suite(path: str | Path) -> Suite:
    """Return the suite of a file.

    Raises:
        InputError: there is no such file, or it is not a valid suite.
    """
    path = Path(user_path(path, 'suite'))
    where = f'suite "{path}"'
    content = read_suite_file(path)
    existing = flatten(get_default_config())
    for key in (*content['replace'], *content['select']):
        if key not in existing:
            raise unknown_key(str(key), where, existing)
    other = _other(content, path)
    rows, reported, dataset = _inherited(content, other, path)
    base = _base(path.parent, content['config'], path) if 'config' in content else None
    rows += [(row, path.parent, base) for row in content['rows']]
    built = tuple(_row(row, folder, base, content, path) for row, folder, base in rows)
    check_names(built, where)
    start = None
    if 'start' in content:
        start = _row({'name': START, **content['start']}, path.parent, base, content, path)
        for row in built:
            name, dash, _ = row.name.casefold().partition('-')
            if name == START and (not dash or 'per' in content['start']):
                raise InputError(
                    f'{where}: a row is named "{row.name}", as a start of the suite is; rename the '
                    'row'
                )
    for row in built:
        others = [other.name for other in built if other is not row]
        if row.baseline is not None and row.baseline not in others:
            remedy = f'choose from {", ".join(others)}' if others else 'there is no other row'
            raise InputError(
                f'{where}, row "{row.name}": its baseline "{row.baseline}" is not '
                f'another row; {remedy}'
            )
    names = [row.name for row in built]
    if 'claims' in content or other is None:
        claims, note = read_claims(content.get('claims', []), names, where), ''
    else:
        claims, note = inherited_claims(other[1].get('claims', []), names)
    if other is not None and 'claims' in content and other[1].get('claims'):
        note = f'The claims are those of this suite, not those of {other[0].name}.'
    return Suite(
        path.stem,
        content.get('title', path.stem),
        dataset,
        built,
        (*reported, *content['reported']),
        content['select'],
        claims,
        note,
        start,
        'per' in content.get('start', {}),
    )


def check_names(rows: Sequence[Row], where: str) -> None:
    """Check that there are rows and that each can have its own folder.

    Raises:
        InputError: that is not so.
    """
    seen: set[str] = set()
    if not rows:
        raise InputError(f'{where} has no rows; list some under rows')
    for row in rows:
        if not _NAME.fullmatch(row.name):
            raise InputError(
                f'{where}: "{row.name}" is not a usable row name; use letters, '
                'digits and . + = _ -, starting with a letter or digit'
            )
        folder = row.name.casefold()  # not all file systems tell A from a
        if folder in seen:
            raise InputError(
                f'{where}: two rows are named "{row.name}" (ignoring case); rename one'
            )
        seen.add(folder)


def _other(content: dict, path: Path) -> tuple[Path, dict] | None:
    """Return the suite that ``rows_of`` names, None without it."""
    if 'rows_of' not in content:
        if 'only' in content:
            raise InputError(
                f'suite "{path}": only chooses rows of another suite, but there is no '
                'rows_of; name that suite there, or delete only'
            )
        return None
    other = path.parent / user_path(content['rows_of'], f'suite "{path}", rows_of')
    inherited = read_suite_file(other)
    if 'rows_of' in inherited:
        raise InputError(
            f'suite "{path}": rows_of names "{other}", which itself takes the rows of '
            'another suite; name that one'
        )
    return other, inherited


def _inherited(
    content: dict, other: tuple[Path, dict] | None, path: Path
) -> tuple[list[tuple[dict, Path, Path | None]], list[dict], str]:
    """Return the rows of another suite with folder and base of its file, reported and dataset."""
    own = content.get('dataset')
    if other is None:
        return [], [], own or ''
    file, inherited = other
    rows = _chosen(inherited['rows'], [str(name) for name in content.get('only', [])], path)
    dataset, reported = inherited.get('dataset', ''), inherited['reported']
    base = _base(file.parent, inherited['config'], file) if 'config' in inherited else None
    if own not in (None, dataset):  # the published scores belong to the other one
        rows, dataset, reported = [row | {'published': {}} for row in rows], own, []
    return [(row, file.parent, base) for row in rows], reported, dataset


def _chosen(rows: list[dict], names: list[str], path: Path) -> list[dict]:
    if not names:
        return rows
    named = {row['name']: row for row in rows}
    for name in names:
        if name not in named:
            raise InputError(
                f'suite "{path}": only names "{name}", which is not a row of the '
                f'other suite; choose from {", ".join(named)}'
            )
    return [named[name] for name in names]


def _base(folder: Path, name: str, suite: Path) -> Path:
    """Return the configuration beside a suite, or else the one of this name in the package."""
    path = folder / user_path(name, f'suite "{suite}"')
    shipped = {config.name: config for config in shipped_configs()}
    return path if path.exists() else shipped.get(name, path)


def _row(row: dict, folder: Path, base: Path | None, suite: dict, path: Path) -> Row:
    """Return the row with the settings of the suite.

    Args:
        row: as in its file.
        folder: of that file.
        base: configuration of the rows of that file.
        suite: that the row is for, which may be of another file.
        path: of the suite.
    """
    if 'config' in row:
        base = _base(folder, row['config'], path)
        config, settings = base, dict(row.get('set', {}))
    elif 'config' in suite:
        config, settings = (
            _base(path.parent, suite['config'], path),
            (suite.get('set', {}) | row.get('set', {})),
        )
    else:
        raise InputError(
            f'suite "{path}", row "{row["name"]}": neither the row nor the suite has a '
            'config; name the file that it starts from'
        )
    for key, values in suite['replace'].items():
        for old, new in values.items():
            if key in settings and settings[key] == old:
                settings[key] = new
                break
    return Row(
        row['name'],
        row.get('label', row['name']),
        config,
        settings,
        row.get('baseline'),
        row.get('published', {}),
        tuple(row.get('set', {})),
        base,
        row.get('set', {}),
    )
