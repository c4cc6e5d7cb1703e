"""Behavior that all commands share: errors that a user can fix end in one sentence."""

import signal
import sys
from collections.abc import Callable

from midattr_plugin.console import safe_console
from midattr_plugin.errors import InputError
from midattr_plugin.files import is_write_error, write_error


def run_command(
    run: Callable[[], int | None], interrupted: str = 'interrupted', ends_on_sigterm: bool = False
) -> int:
    """Run a command and return its exit status.

    The console never ends it: characters that it lacks are escaped, and nothing more is printed
    once its reader has gone (``| head``).

    Args:
        run: does the work; what it returns is the exit status, None for 0.
        interrupted: sentence that is printed after an interrupt from the keyboard.
        ends_on_sigterm: whether SIGTERM ends the command like an interrupt.

    Returns:
        The status of ``run``; 1 after bad input, a diverged training or a full disk, with one
        sentence on stderr; 130 after an interrupt.
    """
    if ends_on_sigterm:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    with safe_console():
        try:
            return run() or 0
        except InputError as error:
            print(f'error: {error.sentence}', file=sys.stderr)
        except FloatingPointError as error:
            print(f'error: {error}', file=sys.stderr)
        except OSError as error:
            if not is_write_error(error):
                raise
            print(f'error: {write_error(error.filename, error)}', file=sys.stderr)
        except KeyboardInterrupt:
            print(interrupted, file=sys.stderr)
            return 130
    return 1
