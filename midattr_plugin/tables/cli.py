"""Command line of the tables: one is made of a folder, or checked."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from midattr_plugin.command import run_command
from midattr_plugin.errors import InputError
from midattr_plugin.tables.contents import describe_table
from midattr_plugin.tables.from_folder import write_folder_table
from midattr_plugin.tables.table_file import read_table
from midattr_plugin.user_path import path_option

_EPILOG = """\
examples:
  a table of the images in crops/<person>/... or crops/0002_c1s1_000451_03.jpg:
    %(prog)s crops --out people.csv
  check a table, and show what is in it:
    %(prog)s people.csv
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments; None for those of this process.

    Returns:
        Exit status: 0, or 1 after bad input, with one sentence on stderr.
    """
    return run_command(lambda: run(_parser().parse_args(argv)))


def run(options: argparse.Namespace) -> None:
    """Make or check the table that the parsed ``options`` name.

    Raises:
        InputError: it cannot be made, or is not sound.
    """
    path: Path = options.path
    if path.is_dir():
        if options.out is None:
            raise InputError(f'"{path}" is a folder, and --out is missing; name the new table')
        if options.out.exists() and not options.force:
            raise InputError(
                f'--out: "{options.out}" exists, and may hold attributes of yours; give another '
                'name, or --force'
            )
        write_folder_table(path, options.out)
        path = options.out
        print(f'Table: {path}')
    elif options.out is not None:
        raise InputError(f'--out is for a folder of images, but "{path}" is none; leave it out')
    table = read_table(path)
    print(describe_table(table))
    missing = sum(not os.path.isfile(row.path) for row in table.rows)
    if missing:
        raise InputError(
            f'table "{path}": {missing:,} of {len(table.rows):,} images do not exist; paths are '
            'relative to the folder of the table'
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='midattr-table',
        description='Make a table of the images of a folder, to which you add columns of '
        'attributes; or check a table, and show what is in it.',
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('path', type=path_option, help='a folder of images, or a table')
    parser.add_argument('--out', type=path_option, metavar='FILE', help='the table of the folder')
    parser.add_argument('--force', action='store_true', help='replace a table that exists')
    return parser
