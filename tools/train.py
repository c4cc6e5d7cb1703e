"""Trains, evaluates or resumes a model: ``python tools/train.py --help``."""

import sys

from midattr_plugin.train import main

if __name__ == '__main__':
    sys.exit(main())
