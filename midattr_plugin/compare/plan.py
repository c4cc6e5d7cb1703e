"""From a suite to its runs: one per row and seed, each in a folder of its own.

::

    OUT/suite.json              which suite and data root the folder belongs to
    OUT/runs/ROW/seed1/run.yaml      the complete configuration
                       output.log    what the run printed
                       done.json     its results, once it has ended
                       ...           what tools/train.py leaves
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yacs.config import CfgNode

from midattr_plugin.compare.suite import Row, Suite
from midattr_plugin.config import dump_config, load_config
from midattr_plugin.config.keys import flatten
from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path

_OF_THE_MACHINE = ('use_gpu', 'data.workers')  # may differ when a suite goes on elsewhere


@dataclass(frozen=True, eq=False)  # a configuration cannot be hashed
class Run:
    """A row with one seed.

    Attributes:
        folder: where it leaves everything.
        cfg: its complete configuration.
    """

    row: Row
    seed: int
    folder: Path
    cfg: CfgNode

    @property
    def is_done(self) -> bool:
        return (self.folder / 'done.json').exists()

    @property
    def results(self) -> dict:
        """What the last evaluation measured, as in ``metrics.json``."""
        return json.loads((self.folder / 'done.json').read_text())

    @property
    def checkpoint(self) -> Path:
        return self.folder / 'model/model.pth.tar-last'


def plan_runs(suite: Suite, seeds: Sequence[int], out: Path, root: str = '',
              opts: Sequence = ()) -> list[Run]:
    """All runs of a suite, seed by seed, so that every row has a figure early.

    Args:
        out: folder of the results.
        root: of the datasets; '': as the configurations say.
        opts: keys and values for all rows, above their own.

    Raises:
        InputError: a row's configuration cannot be used; the sentence names row and key.
    """
    runs = []
    for seed in seeds:
        for row in suite.rows:
            folder = out / 'runs' / row.name / f'seed{seed}'
            pairs = [item for pair in row.settings.items() for item in pair]
            try:
                cfg = load_config(row.config, [*pairs, *opts, 'train.seed', seed, 'data.save_dir',
                                               str(folder)], root=root)
                _check_sampler(cfg)
            except InputError as error:
                raise InputError(f'suite "{suite.name}", row "{row.name}": '
                                 f'{error.sentence.removeprefix("the command line: ")}'
                                 ) from None
            runs.append(Run(row, seed, folder, cfg))
    return runs


def check_folder(suite: Suite, runs: Sequence[Run], out: Path) -> bool:
    """Whether ``out`` holds results of these runs; False if it is new.

    Raises:
        InputError: it holds those of another suite, data root or configuration.
    """
    path = out / 'suite.json'
    if path.exists():
        have, identity = json.loads(path.read_text()), _identity(suite, runs)
        for key, meaning in (('suite', 'suite'), ('root', 'data root')):
            if have.get(key) != identity[key]:
                raise InputError(f'--out: "{out}" holds results of the {meaning} '
                                 f'"{have.get(key)}", not of "{identity[key]}"; choose another '
                                 'folder')
    for run in runs:
        _check_unchanged(run)
    return path.exists()


def claim_folder(suite: Suite, runs: Sequence[Run], out: Path) -> None:
    """Makes ``out`` the folder of these runs, once :func:`check_folder` has not refused it.

    Raises:
        InputError: it cannot be written to.
    """
    try:
        with atomic_path(out / 'suite.json') as temporary:
            temporary.write_text(json.dumps(_identity(suite, runs), indent=2) + '\n',
                                 encoding='utf-8')
        for run in runs:
            run.folder.mkdir(parents=True, exist_ok=True)
            dump_config(run.cfg, run.folder / 'run.yaml')
    except OSError as error:
        raise InputError(f'--out: "{out}" cannot be written to ({error.strerror}); choose another '
                         'folder') from error


def _identity(suite: Suite, runs: Sequence[Run]) -> dict[str, str]:
    return {'suite': suite.name, 'root': str(Path(runs[0].cfg.data.root).resolve())}


def _check_unchanged(run: Run) -> None:
    path = run.folder / 'run.yaml'
    if not path.exists():
        return
    have, want = flatten(load_config(path)), flatten(run.cfg)
    for key, value in want.items():
        if have[key] != value and key not in (*_OF_THE_MACHINE, 'data.save_dir', 'data.root'):
            raise InputError(f'row "{run.row.name}": "{run.folder}" was run with {key} '
                             f'{have[key]!r}, not {value!r}; delete that folder, or choose another '
                             '--out')


def _check_sampler(cfg: CfgNode) -> None:
    if cfg.loss.name == 'triplet' and cfg.sampler.train_sampler != 'RandomIdentitySampler':
        raise InputError('loss.name triplet needs several images of an identity in a batch, which '
                         f'{cfg.sampler.train_sampler} does not see to; set sampler.train_sampler '
                         'RandomIdentitySampler')
