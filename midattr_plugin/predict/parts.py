"""What a prediction has found so far, in parts of which each is complete or absent.

A prediction that is stopped, or killed, goes on after its last part.
"""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path


@dataclass(frozen=True)
class Part:
    """What is known of the pictures of a part, of which n have been read.

    Attributes:
        numbers: (n,) int64, of the pictures in the source, ascending.
        descriptors: (n, D) float32.
        probabilities: name of an attribute -> (n, c) float32.
        skipped: number of a picture that cannot be read -> why.
    """

    def __len__(self) -> int:
        return len(self.numbers) + len(self.skipped)

    numbers: NDArray[np.int64]
    descriptors: NDArray[np.float32]
    probabilities: Mapping[str, NDArray[np.float32]]
    skipped: Mapping[int, str]


def write_part(folder: Path, index: int, part: Part) -> None:
    """Write a part.

    Args:
        folder: of the parts.
        index: of the part, from 0.
        part: what to write.

    Raises:
        InputError: it cannot be written.
    """
    with atomic_path(_path(folder, index)) as temporary, temporary.open('wb') as file:
        np.savez(
            file,
            numbers=part.numbers,
            descriptors=part.descriptors,
            names=np.array(list(part.probabilities), dtype=str),
            skipped=np.array(list(part.skipped), dtype=np.int64),
            reasons=np.array(list(part.skipped.values()), dtype=str),
            **{f'p{i}': values for i, values in enumerate(part.probabilities.values())},
        )


def count_parts(folder: Path) -> int:
    """Return how many parts there are, from the first on without a gap."""
    index = 0
    while _path(folder, index).exists():
        index += 1
    return index


def read_parts(folder: Path) -> Iterator[Part]:
    """Yield all parts, one in memory at a time.

    Raises:
        InputError: one is damaged.
    """
    for index in range(count_parts(folder)):
        path = _path(folder, index)
        try:
            with np.load(path, allow_pickle=False) as content:
                yield Part(
                    content['numbers'],
                    content['descriptors'],
                    {str(name): content[f'p{i}'] for i, name in enumerate(content['names'])},
                    dict(
                        zip(content['skipped'].tolist(), content['reasons'].tolist(), strict=True)
                    ),
                )
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f'"{path}" is damaged ({error}); delete the folder "{folder}" to predict again'
            ) from error


def _path(folder: Path, index: int) -> Path:
    return folder / f'{index:06d}.npz'
