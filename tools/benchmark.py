"""Measures speed and memory beside torchreid's models: ``tools/benchmark.py --help``."""

import sys

from midattr_plugin.benchmark import main

if __name__ == '__main__':
    sys.exit(main())
