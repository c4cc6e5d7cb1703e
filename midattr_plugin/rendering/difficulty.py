"""How hard people are to recognize again: the strength of everything that hides an identity."""

from dataclasses import dataclass, fields

from midattr_plugin.errors import InputError

DIFFICULTY = 1.0
"""The strength of the demo set and of a twin, unless ``--difficulty`` says otherwise."""
HARDEST = 4.0


@dataclass(frozen=True)
class Difficulty:
    """Strength of each nuisance; 0 switches it off."""

    camera: float = DIFFICULTY  # color cast, contrast, gamma and noise of the camera
    light: float = DIFFICULTY  # exposure and white balance at the time of day, hard shade
    detail: float = DIFFICULTY  # distance and motion blur
    crop: float = DIFFICULTY  # jitter of the detector's box, cut heads and feet
    occlusion: float = DIFFICULTY  # how often something covers the person
    pose: float = DIFFICULTY  # how far people turn away from the main direction

    @classmethod
    def uniform(cls, strength: float) -> 'Difficulty':
        """Return every nuisance at the same strength.

        Raises:
            InputError: ``strength`` is outside 0..4.
        """
        if not 0 <= strength <= HARDEST:
            raise InputError(
                f'--difficulty is {strength:g}; give a number from 0 to {HARDEST:g}, '
                f'where {DIFFICULTY:g} is the default'
            )
        return cls(*[strength] * len(fields(cls)))
