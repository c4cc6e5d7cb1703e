"""One picture of a person: an image file, or a box in a frame of a video."""

from dataclasses import dataclass

from midattr_plugin.predict.boxes import Box


@dataclass(frozen=True)
class Picture:
    """What one row of the results is about.

    Attributes:
        path: of the image file, or of the video or the folder of frames.
        box: where in which frame; None: the whole image.
    """

    path: str
    box: Box | None = None

    @property
    def track(self) -> int | None:
        """Number of the track; None for a whole image."""
        return None if self.box is None else self.box.track

    def __str__(self) -> str:
        if self.box is None:
            return self.path
        return f'{self.path}, frame {self.box.frame}, track {self.box.track}'
