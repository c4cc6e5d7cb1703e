"""``midattr-train`` where leaving a group waits for the other processes, as NCCL does.

Those of gloo need no such wait: its connections close with the process.
"""

import sys
import time

from torch import distributed as dist

from midattr_plugin.train import main


def wait_for_the_others() -> None:
    time.sleep(600)


if __name__ == '__main__':
    dist.destroy_process_group = wait_for_the_others
    sys.exit(main())
