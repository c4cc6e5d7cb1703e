"""Streets: who lives in which, which cameras hang there, and which pictures there are."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from midattr_plugin.rendering.cameras import NUM_CAMERAS
from midattr_plugin.rendering.plan import DISTRACTOR, JUNK, Shot, Sizes, make_plan
from midattr_plugin.rendering.roster import Roster
from midattr_plugin.rendering.seeds import generator
from midattr_plugin.rendering.street.optics import StreetCamera, sample_camera
from midattr_plugin.rendering.street.snapshot import photograph_stray, photograph_wearer
from midattr_plugin.rendering.street.wearer import sample_wearer

_STREET = 60  # identities
# pictures of an identity, on average
_TRAIN_IMAGES, _QUERIES, _GALLERY_IMAGES, _STRAYS, _JUNK = 20, 4, 12, 2, 2


@dataclass(frozen=True)
class Streets:
    """Training identities 1, 2, ... and, in streets of their own, the test identities after them.

    Each street has six cameras, numbered through all streets. People of one street are sometimes
    dressed alike, but no two streets share a camera. Calling it takes a picture.
    """

    seed: int
    num_train: int
    num_test: int

    @property
    def train_streets(self) -> int:
        """Number of streets of the training identities; the test identities live in later ones."""
        return -(-self.num_train // _STREET)

    @property
    def test_streets(self) -> int:
        """Number of streets of the test identities."""
        return -(-self.num_test // _STREET)

    def street(self, pid: int) -> int:
        """Return the number of the street of an identity, from 0."""
        first = 0 if pid <= self.num_train else self.train_streets
        return first + self._row(pid) // _STREET

    def neighbors(self, pid: int) -> int:
        """Return how many identities with lower numbers live in the street of an identity."""
        return self._row(pid) % _STREET

    def _row(self, pid: int) -> int:
        """Return how many identities with lower numbers are in the same split."""
        return pid - 1 if pid <= self.num_train else pid - self.num_train - 1

    def roster(self) -> Roster:
        """Return the labels of everybody."""
        pids = {
            'train': range(1, self.num_train + 1),
            'test': range(self.num_train + 1, self.num_train + self.num_test + 1),
        }
        return {
            split: {pid: sample_wearer(self.seed, pid, self.neighbors(pid)).look for pid in members}
            for split, members in pids.items()
        }

    def plan(self, roster: Roster) -> list[Shot]:
        """Return all pictures; an identity has more or fewer of them than on average."""
        sizes = Sizes(
            train=_TRAIN_IMAGES * self.num_train,
            query=_QUERIES * self.num_test,
            gallery=_GALLERY_IMAGES * self.num_test,
            distractors=_STRAYS * self.num_test,
            junk=_JUNK * self.num_test,
        )
        shots = [self._in_street(shot) for shot in make_plan(roster, sizes, self.seed)]
        # street by street, since places take time
        return sorted(shots, key=lambda shot: (shot.pid <= 0, (shot.camera - 1) // NUM_CAMERAS))

    def _in_street(self, shot: Shot) -> Shot:
        """Return a picture with the number of its camera among those of all streets."""
        if shot.pid > 0:
            street = self.street(shot.pid)
        else:
            street = self.train_streets + shot.frame % self.test_streets
        camera = NUM_CAMERAS * street + shot.camera
        name = shot.name.replace(f'_c{shot.camera}s', f'_c{camera}s', 1)
        return replace(shot, camera=camera, name=name)

    def __call__(self, shot: Shot) -> np.ndarray:
        """Take a picture (128, 64, 3) uint8, BGR."""
        camera = _street_camera(self.seed, shot.camera)
        if shot.pid in (JUNK, DISTRACTOR):
            return photograph_stray(camera, shot.camera, shot.frame, self.seed, shot.pid == JUNK)
        wearer = sample_wearer(self.seed, shot.pid, self.neighbors(shot.pid))
        return photograph_wearer(wearer, shot.pid, camera, shot.camera, shot.frame, self.seed)


@lru_cache(maxsize=2 * NUM_CAMERAS)
def _street_camera(seed: int, number: int) -> StreetCamera:
    return sample_camera(generator(seed, 'street camera', number))
