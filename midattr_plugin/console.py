"""What a run prints: to the console, which never ends it, and to its log."""

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, TextIO

from midattr_plugin.files import is_write_error, write_error


class SafeStream:
    """A text stream that takes everything: what cannot be written is dropped.

    Attributes:
        error: why something was dropped; None if nothing was.
    """

    def __init__(self, stream: TextIO):
        self.error: OSError | None = None
        self._stream = stream
        with suppress(AttributeError):  # not every stream has an encoding
            stream.reconfigure(errors='backslashreplace')  # type: ignore[attr-defined]

    def write(self, text: str) -> int:
        """Write ``text``, with characters that the encoding lacks escaped."""
        try:
            self._stream.write(text)
        except OSError as error:
            self._note(error)
        return len(text)

    def flush(self) -> None:
        """Flush what can be written."""
        try:
            self._stream.flush()
        except OSError as error:
            self._note(error)

    def close(self) -> None:
        """Close the stream."""
        try:
            self._stream.close()
        except OSError as error:
            self._note(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _note(self, error: OSError) -> None:
        self.error = error


class Tee:
    """Writes to two streams; unlike torchreid's Logger it closes neither of them."""

    def __init__(self, console: TextIO, log: TextIO):
        self.console = console
        self.log = log

    def write(self, text: str) -> int:
        """Write ``text`` to both."""
        self.log.write(text)
        return self.console.write(text)

    def flush(self) -> None:
        """Flush both."""
        self.log.flush()
        self.console.flush()


@contextmanager
def safe_console() -> Iterator[None]:
    """Let no output end a program: no character, no closed pipe, no full disk behind ``>``."""
    streams = [_Console(stream) for stream in (sys.stdout, sys.stderr)]
    hook, threading.excepthook = threading.excepthook, _thread_failed
    try:
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):  # type: ignore[type-var]
            yield
    finally:
        threading.excepthook = hook
        for stream in streams:
            stream.end()
        error = streams[0].error
        if error is not None and error.errno != errno.EPIPE:
            print(
                f'the output is incomplete: the console could not be written ({error.strerror})',
                file=streams[1],
            )
            streams[1].end()


@contextmanager
def copied_to_log(path: Path) -> Iterator[None]:
    """Write what is printed to a file, too, line by line.

    A disk that is full for a while costs lines of the log, but not the run.

    Raises:
        InputError: the file cannot be made, or lacks lines in the end.
    """
    try:
        file = path.open('w', encoding='utf-8', errors='backslashreplace', buffering=1)
    except OSError as error:
        raise write_error(path, error) from error
    log = SafeStream(file)
    try:
        with redirect_stdout(Tee(sys.stdout, log)):  # type: ignore[type-var]
            yield
    finally:
        log.close()
    if log.error is not None:
        raise write_error(path, log.error)


class _Console(SafeStream):
    """A stream of the process, which the interpreter flushes once more when it ends."""

    def __init__(self, stream: TextIO | None):
        # None: closed by whoever started the process
        super().__init__(stream or open(os.devnull, 'w', encoding='utf-8'))

    def end(self) -> None:
        """Flush, and drop what cannot be written for good."""
        before, self.error = self.error, None
        self.flush()
        if self.error is not None:
            self._drop()
        self.error = self.error or before

    def _note(self, error: OSError) -> None:
        super()._note(error)
        if error.errno == errno.EPIPE:  # nobody reads on
            self._drop()

    def _drop(self) -> None:
        with suppress(OSError, ValueError):  # not every stream has a file
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def _thread_failed(arguments: threading.ExceptHookArgs) -> None:
    """Leave a full disk to whoever waits for the thread, as for that of TensorBoard."""
    error = arguments.exc_value
    if not (isinstance(error, OSError) and is_write_error(error)):
        threading.__excepthook__(arguments)
