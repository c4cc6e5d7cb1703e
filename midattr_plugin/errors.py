"""The one exception for bad input, which entry points print as a single sentence."""


class InputError(ValueError):
    """A file, key or value that the user gave cannot be used.

    The message is one sentence that names the file or key, says what is wrong with
    it and how to mend it. The command line prints it and exits with status 1;
    everything else propagates with its stack trace, as a bug should.
    """

    @property
    def sentence(self) -> str:
        """The message without the stack trace that a DataLoader worker wraps around it."""
        last_line = str(self).strip().splitlines()[-1]
        return last_line.split('InputError: ', 1)[-1]
