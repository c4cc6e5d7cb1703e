"""Writes a small copy of a checkpoint, to hand on: ``slim_checkpoint.py CHECKPOINT FILE``."""

import argparse
import sys

from midattr_plugin.command import run_command
from midattr_plugin.user_path import path_option
from midattr_plugin.weights import slim_checkpoint


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', type=path_option, help='of a training')
    parser.add_argument('file', type=path_option, help='the small copy')
    options = parser.parse_args()
    return run_command(lambda: slim_checkpoint(options.checkpoint, options.file))


if __name__ == '__main__':
    sys.exit(main())
