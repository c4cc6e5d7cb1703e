"""Initial weights of a part of a network that do not depend on its other parts."""

import torch

from midattr_plugin.random_state import OwnRandomState


class PartGenerators:
    """Random generators for the parts of a network, told apart by name.

    Two networks that are built from the same random state start with the same weights in every
    part that both have, and leave the same random state, whatever else they have. A single number
    is drawn for all parts.
    """

    def __init__(self) -> None:
        self._seed = int(torch.randint(2**63 - 1, (), device='cpu'))

    def part(self, name: str) -> OwnRandomState:
        """Return the generators for a part, for a ``with`` block in which it is built."""
        return OwnRandomState(self._seed, *name.encode())
