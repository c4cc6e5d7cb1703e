"""Command line of the renderer: the demo set, a twin, people of every season, a contact sheet."""

import argparse
from collections.abc import Sequence

import numpy as np

from midattr_plugin.command import run_command
from midattr_plugin.errors import InputError
from midattr_plugin.midattr_demo import OTHERS_SEED, MidAttrOthers, MidAttrStreet
from midattr_plugin.rendering.difficulty import DIFFICULTY, HARDEST, Difficulty
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.preview import contact_sheet, write_sheet
from midattr_plugin.rendering.render import (
    DEFAULT_SEED,
    DEMO_TEST_PIDS,
    DEMO_TRAIN_PIDS,
    default_workers,
    render_demo,
    render_twin,
)
from midattr_plugin.rendering.roster import first_identities, invent_roster, read_roster
from midattr_plugin.rendering.street.preview import street_sheet
from midattr_plugin.rendering.street.render import STREET_TEST_PIDS, check_street, render_street
from midattr_plugin.user_path import path_option

# Folders below the data root where the datasets of these names look.
DEMO_FOLDER, TWIN_FOLDER = 'midattr_demo', 'market1501'
_PREVIEWED = 12


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments; None for those of this process.

    Returns:
        Exit status: 0, or 1 after bad input, with one sentence on stderr.
    """
    return run_command(lambda: run(_parser().parse_args(argv)))


def run(options: argparse.Namespace) -> None:
    """Render what the parsed ``options`` ask for.

    Raises:
        InputError: an option or a file that it names cannot be used.
    """
    if options.out is None and options.preview is None:
        raise InputError(
            'neither --out nor --preview is given, so there is nothing to do; '
            'name a folder with --out'
        )
    if options.seed < 0 or options.workers < 1:
        raise InputError(
            f'--seed {options.seed} or --workers {options.workers} is too small; '
            'a seed is 0 or more, and there is at least 1 worker'
        )
    if options.out is not None and options.seed == OTHERS_SEED:
        raise InputError(
            f'--seed {options.seed} is that of "{MidAttrOthers.dataset_dir}", from which trainings '
            'on other people and places start; give another seed'
        )
    if options.limit is not None and options.annotations is None:
        raise InputError(
            '--limit only applies to the identities of --annotations; leave it out '
            'or name an annotation file'
        )
    if options.street is not None:
        _check_street(options)
    if options.preview is not None:
        write_sheet(options.preview, _sheet(options))
        print(f'Contact sheet: {options.preview}')
    if options.out is None:
        return
    if options.street is not None:
        folder = options.out / MidAttrStreet.dataset_dir
        render_street(folder, options.street, options.seed, options.workers)
    elif options.annotations is None:
        folder = options.out / DEMO_FOLDER
        render_demo(folder, options.seed, options.workers, options.difficulty)
    else:
        folder = options.out / TWIN_FOLDER
        render_twin(
            folder,
            options.annotations,
            options.seed,
            options.workers,
            options.limit,
            options.difficulty,
        )
    print(f'Rendered images (not photographs): {folder}\nUse them with the data root {options.out}')


def _check_street(options: argparse.Namespace) -> None:
    check_street(options.street)
    if options.annotations is not None or options.difficulty != DIFFICULTY:
        name = '--difficulty' if options.annotations is None else '--annotations'
        raise InputError(
            f'{name} applies to the demo set and to twins, and --street is neither; leave one of '
            'the two out'
        )


def _sheet(options: argparse.Namespace) -> np.ndarray:
    difficulty = Difficulty.uniform(options.difficulty)
    if options.street is not None:
        return street_sheet(options.seed, min(options.street, _PREVIEWED))
    return contact_sheet(_previewed_looks(options), options.seed, difficulty)


def _previewed_looks(options: argparse.Namespace) -> dict[int, Look]:
    if options.annotations is None:
        roster = invent_roster(options.seed, DEMO_TRAIN_PIDS, DEMO_TEST_PIDS)
    else:
        roster = read_roster(options.annotations)
    roster = first_identities(roster, options.limit or _PREVIEWED)
    return dict(list((roster['train'] | roster['test']).items())[:_PREVIEWED])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='midattr-render',
        description='Render pictures of people with known attributes in the layout of '
        'Market-1501: by default the small set "midattr_demo", with --annotations '
        'every identity of an annotation file, with --street people of every season for training.',
    )
    parser.add_argument(
        '--out',
        type=path_option,
        metavar='FOLDER',
        help=f'data root; the pictures go to FOLDER/{DEMO_FOLDER}, or with '
        f'--annotations to FOLDER/{TWIN_FOLDER}, with --street to '
        f'FOLDER/{MidAttrStreet.dataset_dir}',
    )
    parser.add_argument(
        '--street',
        type=int,
        metavar='N',
        help='render N training identities of every season, about 20 pictures each, and '
        f'{STREET_TEST_PIDS} for testing',
    )
    parser.add_argument(
        '--annotations',
        type=path_option,
        metavar='FILE',
        help='market_attribute.mat of Market-1501-Attribute: render its identities',
    )
    parser.add_argument(
        '--limit',
        type=int,
        metavar='N',
        help='render only N of the annotated identities, half of them for training',
    )
    parser.add_argument(
        '--preview',
        type=path_option,
        metavar='FILE',
        help='write a contact sheet (PNG) of some identities',
    )
    parser.add_argument(
        '--difficulty',
        type=float,
        default=DIFFICULTY,
        metavar='X',
        help='strength of everything that hides an identity (light, pose, occlusion, blur, '
        f'bad crops), 0 to {HARDEST:g} (default: %(default)s)',
    )
    parser.add_argument('--seed', type=int, default=DEFAULT_SEED, help='default: %(default)s')
    parser.add_argument(
        '--workers',
        type=int,
        default=default_workers(),
        metavar='N',
        help='number of processes; the result does not depend on it (default: all cores)',
    )
    return parser
