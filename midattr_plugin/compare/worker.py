"""One run in a process of its own, which ends when the process that started it ends.

That one holds the other end of this process's standard input: it closes even if it is killed.
Two processes never train the same run, then.
"""

import os
import sys
import threading

from midattr_plugin.train import main


def end_with_parent() -> None:
    """Waits for the end of standard input, then ends the process."""
    while os.read(0, 1024):  # not sys.stdin, whose lock would be held when this process ends
        pass
    os._exit(1)  # at once: checkpoints are never half written


if __name__ == '__main__':
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(main())
