"""Folder of a suite's results: which suite it belongs to, and which process works in it.

``suite.json`` holds the suite's name, its data root and the names of its rows; ``suite.lock`` is
locked by the process that runs the suite.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yacs.config import CfgNode

from midattr_plugin.compare.plan import Run, is_from_start
from midattr_plugin.compare.suite import START, Suite
from midattr_plugin.config import dump_config, load_config
from midattr_plugin.config.keys import flatten
from midattr_plugin.errors import InputError
from midattr_plugin.files import write_text
from midattr_plugin.folder_lock import unwritable

_MACHINE_KEYS = ('use_gpu', 'data.workers')  # may change when a suite is resumed elsewhere


def check_folder(suite: Suite, runs: Sequence[Run], out: Path) -> bool:
    """Return whether ``out`` holds results of these runs; False if it is new.

    Raises:
        InputError: it holds results of another suite, data root or configuration.
    """
    path = out / 'suite.json'
    if path.exists():
        found, identity = _read_identity(path), _identity(suite, runs)
        for key, meaning in (('suite', 'suite'), ('root', 'data root')):
            if found.get(key) != identity[key]:
                raise InputError(
                    f'--out: "{out}" holds results of the {meaning} '
                    f'"{found.get(key)}", not of "{identity[key]}"; choose another '
                    'folder'
                )
        if not set(found.get('rows', identity['rows'])) & set(identity['rows']):
            raise InputError(
                f'--out: "{out}" holds results of another suite named '
                f'"{suite.name}", with the rows {", ".join(found["rows"])}; choose '
                'another folder'
            )
    for run in runs:
        _check_unchanged(run)
    return path.exists()


def check_finished(runs: Sequence[Run]) -> None:
    """Check that runs which are still to be trained can be compared with those that are finished.

    Raises:
        InputError: a run was finished by a version that rendered other people and drew the images
            of a seed in another order.
    """
    earlier = [run for run in runs if run.is_done and run.results.query_scores_sha256 is None]
    if earlier and not all(run.is_done for run in runs):
        run = earlier[0]
        raise InputError(
            f'row "{run.row.name}": "{run.folder}" was run with version 0.3 or before, which '
            'showed a row other images, so that runs of today cannot be compared with it; choose '
            'another --out, or append --report-only to report what is finished'
        )


def claim_folder(suite: Suite, runs: Sequence[Run], out: Path) -> None:
    """Make ``out`` the folder of these runs, once :func:`check_folder` has accepted it.

    Raises:
        InputError: it cannot be written to.
    """
    try:
        for run in runs:
            run.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(out, error) from error
    write_text(out / 'suite.json', json.dumps(_identity(suite, runs), indent=2) + '\n')
    for run in runs:
        dump_config(run.cfg, run.folder / 'run.yaml')


def _identity(suite: Suite, runs: Sequence[Run]) -> dict[str, str | list[str]]:
    return {
        'suite': suite.name,
        'root': _resolved(runs[0].cfg.data.root),
        'rows': [row.name for row in suite.rows],
    }


def _read_identity(path: Path) -> dict:
    try:
        return dict(json.loads(path.read_text(encoding='utf-8')))
    except ValueError:
        raise InputError(
            f'--out: "{path}" is broken and does not say which suite these results '
            'belong to; delete the folder, or choose another'
        ) from None


def _resolved(folder: str) -> str:
    return str(Path(folder).resolve())


def _check_unchanged(run: Run) -> None:
    path = run.folder / 'run.yaml'
    if not path.exists():
        return
    earlier, now = _comparable(load_config(path)), _comparable(run.cfg)
    for key, value in now.items():
        if earlier[key] != value and key not in (*_MACHINE_KEYS, 'data.save_dir'):
            raise InputError(
                f'row "{run.row.name}": "{run.folder}" was run with {key} '
                f'{earlier[key]!r}, not {value!r}; append {key} with its earlier value, or '
                'choose another --out'
            )


def _comparable(cfg: CfgNode) -> dict[str, Any]:
    """Return the values of all keys, also where the folder was moved in the meantime."""
    values = flatten(cfg)
    values['data.root'] = _resolved(cfg.data.root)
    if is_from_start(cfg):
        values['model.load_weights'] = START
    return values
