"""Command line of the tables: one is made of a folder, or checked."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from midattr_plugin.command import run_command
from midattr_plugin.errors import InputError
from midattr_plugin.tables.contents import describe_table
from midattr_plugin.tables.from_folder import write_folder_table, write_image_table
from midattr_plugin.tables.from_video import write_video_table
from midattr_plugin.tables.readers import READERS
from midattr_plugin.tables.table_file import read_table
from midattr_plugin.user_path import path_option

_EPILOG = """\
examples:
  a table of the images in crops/<person>/... or crops/0002_c1s1_000451_03.jpg:
    %(prog)s crops --out people.csv
  crops of everybody whom a tracker has followed, and their table:
    %(prog)s video.avi --boxes tracks.txt --labels labels.csv --out walkers.csv
  a table of images in which nobody is told apart:
    %(prog)s crops --images-only --out crops.csv
  check a table, and show what is in it:
    %(prog)s people.csv
  a table of the annotations of PETA, whose folder has PETA.mat and images/:
    %(prog)s PETA --from peta --out peta.csv
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments; None for those of this process.

    Returns:
        Exit status: 0, or 1 after bad input, with one sentence on stderr.
    """
    return run_command(lambda: run(parser().parse_args(argv)))


def run(options: argparse.Namespace) -> None:
    """Make or check the table that the parsed ``options`` name.

    Raises:
        InputError: it cannot be made, or is not sound.
    """
    _check_together(options)
    path: Path = options.path
    if path.is_dir() or options.boxes is not None:
        _check_out(options)
        if options.boxes is not None:
            write_video_table(
                path, options.boxes, options.out, options.labels, options.every, options.for_test
            )
        elif options.reader:
            READERS[options.reader](path, options.partition).write(options.out)
        elif options.images_only:
            write_image_table(path, options.out)
        else:
            write_folder_table(path, options.out)
        path = options.out
        print(f'Table: {path}')
    elif options.out is not None or options.reader or options.images_only:
        given = {'--from': options.reader, '--images-only': options.images_only, '--out': True}
        option = next(name for name, value in given.items() if value)
        if not path.exists():
            raise InputError(f'"{path}" does not exist; check the path')
        raise InputError(
            f'{option} is for a folder of images, or a video with --boxes, but "{path}" is none; '
            'leave it out'
        )
    table = read_table(path)
    print(describe_table(table))
    missing = sum(not os.path.isfile(row.path) for row in table.rows)
    if missing:
        raise InputError(
            f'table "{path}": {missing:,} of {len(table.rows):,} images do not exist; paths are '
            'relative to the folder of the table'
        )


def _check_together(options: argparse.Namespace) -> None:
    """Refuse options that would have no effect."""
    of_video = {
        '--labels': options.labels is not None,
        '--every': options.every != 1,
        '--for-test': options.for_test,
    }
    for option, is_given in of_video.items():
        if is_given and options.boxes is None:
            raise InputError(f'{option} is for a video, and --boxes is missing; leave it out')
    if options.partition != 1 and not options.reader:
        raise InputError('--partition is for --from, which is missing; leave it out')


def _check_out(options: argparse.Namespace) -> None:
    if options.out is None:
        raise InputError(
            f'"{options.path}" is no table, and --out is missing; name the table to be made'
        )
    if options.out.suffix != '.csv':
        raise InputError(f'--out: "{options.out}" does not end with .csv; name the new table so')
    if options.out.exists() and not options.force:
        raise InputError(
            f'--out: "{options.out}" exists, and may hold attributes of yours; give another name, '
            'or --force'
        )
    if options.every < 1:
        raise InputError(f'--every {options.every} is too small; give 1 or more')


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog='midattr-table',
        description='Make a table of the images of a folder, of the people in a video, or of\n'
        'public annotations, to which you add columns of attributes; or check a table, and\n'
        'show what is in it.',
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument(
        'path',
        type=path_option,
        help='a folder of images, or a table; with --boxes a video, or a folder of frames',
    )
    result.add_argument('--out', type=path_option, metavar='FILE', help='the table to be made')
    kind = result.add_mutually_exclusive_group()
    kind.add_argument(
        '--boxes',
        type=path_option,
        metavar='FILE',
        help='what a tracker has found in the video, in the format of MOTChallenge; the crops are '
        'written to a folder beside the table',
    )
    result.add_argument(
        '--labels',
        type=path_option,
        metavar='FILE',
        help='a table with the columns track, pid and attributes, a row per track',
    )
    result.add_argument(
        '--every',
        type=int,
        default=1,
        metavar='N',
        help='take every Nth crop of a track (default: %(default)s)',
    )
    result.add_argument(
        '--for-test',
        action='store_true',
        help='all crops are for the test; the one in the middle of each labeled track is a query',
    )
    kind.add_argument(
        '--images-only',
        action='store_true',
        help='list the images of the folder without people, for attributes alone',
    )
    kind.add_argument(
        '--from',
        dest='reader',
        choices=list(READERS),
        help='the folder is that of a public dataset of attributes, with its annotations',
    )
    result.add_argument(
        '--partition',
        type=int,
        default=1,
        metavar='N',
        help='official partition of peta, rap and rapv2, from 1 to 5 (default: %(default)s)',
    )
    result.add_argument('--force', action='store_true', help='replace a table that exists')
    return result
