"""One run in its own process, which ends when the process that started it ends.

The starting process holds the other end of this process's standard input, which closes even if it
is killed. So two processes never train the same run.
"""

import os
import sys
import threading


def end_with_parent() -> None:
    """Wait for the end of standard input, then end the process."""
    while os.read(0, 1024):  # not sys.stdin, whose lock would be held when this process ends
        pass
    os._exit(1)  # at once: checkpoints are written atomically


if __name__ == '__main__':
    threading.Thread(target=end_with_parent, daemon=True).start()
    from midattr_plugin.train import main  # takes seconds, in which the parent may end

    sys.exit(main())
