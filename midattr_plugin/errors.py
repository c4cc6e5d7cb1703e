"""The exception for bad input, which entry points print as one sentence."""


class InputError(ValueError):
    """File, key or value given by the user that cannot be used.

    The message is one sentence that names the file or key, says what is wrong with it and how to
    fix it. The command line prints it and exits with status 1; every other exception is a bug and
    propagates with its stack trace.
    """

    @property
    def sentence(self) -> str:
        """The message, without the stack trace that a DataLoader worker wraps around it."""
        last_line = str(self).strip().splitlines()[-1]
        return last_line.split('InputError: ', 1)[-1]
