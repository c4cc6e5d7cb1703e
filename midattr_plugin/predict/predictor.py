"""A trained model as a function of images: attributes with probabilities, and descriptors."""

import os
from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.engine.mirrored import mean_of_two, network_output
from midattr_plugin.engine.precision import Precision, fastest
from midattr_plugin.errors import InputError
from midattr_plugin.explain import PairSimilarity, attribute_evidence, pair_similarity
from midattr_plugin.predict.image_predictor import ImagePredictor, check_array, is_one
from midattr_plugin.predict.prediction import Prediction
from midattr_plugin.trained_model import load_model
from midattr_plugin.weights import packaged_weights

AnyImage = str | os.PathLike | Image.Image | NDArray[np.uint8]
"""The path of an image file, an image of PIL, or an array (H, W, 3) uint8 of R, G, B."""


class Predictor(ImagePredictor):
    """A trained model; everything about preprocessing comes from its checkpoint.

    Attributes:
        model: in eval mode, on the device.
        schema: the attributes that it knows; None without any.
        knows_identities: whether it was taught to tell people apart; a model of attributes alone
            was not, and has descriptors of no dimension.
        batch_size: number of images that the model sees at a time.
        path: of the checkpoint.
        precision: number format in which it computes.
        flip: whether it also sees the mirror image of every image.

    Args:
        path: a checkpoint, see :func:`midattr_plugin.load_model`; None for the weights that come
            with the package, see :func:`midattr_plugin.weights.packaged_card`.
        use_gpu: None: if there is one.
        precision: 'fp32', 'bf16' or 'fp16'; '' for the fastest without loss, bf16 where the device
            has instructions for it.
        batch_size: number of images that the model sees at a time.
        workers: threads that read and resize images meanwhile.
        flip: whether the model also sees the mirror image of every image, see
            :mod:`midattr_plugin.engine.mirrored`; maps and pairs are of the image alone.

    Raises:
        InputError: the checkpoint cannot be used, or the device does not compute in ``precision``.
    """

    def __init__(
        self,
        path: str | os.PathLike | None = None,
        use_gpu: bool | None = None,
        precision: str = '',
        batch_size: int = 64,
        workers: int = 2,
        flip: bool = False,
    ):
        use_gpu = torch.cuda.is_available() if use_gpu is None else use_gpu
        self._device = torch.device('cuda' if use_gpu else 'cpu')
        path = packaged_weights() if path is None else path
        self.path = os.fspath(path)
        self.flip = flip
        self.precision = precision or fastest(self._device.type)
        self._precision = Precision(self.precision, self._device.type)
        model = load_model(path)
        self._is_ours = bool(model.spec.backbone)  # and not a model of torchreid
        # some of torchreid's view maps in a way that only the usual layout allows
        self._layout = torch.channels_last if self._is_ours else torch.contiguous_format
        self.model = model.to(self._device, memory_format=self._layout)
        self._preprocess = self.model.preprocess
        super().__init__(self.model.spec.schema, batch_size, workers)
        self.knows_identities = self.model.spec.num_classes > 0

    def explain(self, images: AnyImage | Iterable[AnyImage]) -> dict[str, NDArray[np.float32]]:
        """Return where the most probable class of each attribute was seen.

        Computed in float32, in which the terms are exact.

        Args:
            images: one or a few; of any size.

        Returns:
            Name of an attribute -> (N, h, w): what at each position of the layer speaks for the
            class (above 0) or against it, see :meth:`Evidence.maps`.

        Raises:
            InputError: one cannot be read, or the model has no attributes.
        """
        batch = torch.stack(
            [self.read(image) for image in ([images] if is_one(images) else images)]
        )
        batch = batch.to(self._device, memory_format=torch.channels_last)
        return {
            name: evidence.maps(evidence.logits.argmax(1)).cpu().numpy()
            for name, evidence in attribute_evidence(self.model, batch).items()
        }

    def explain_pair(self, query: AnyImage | Tensor, gallery: AnyImage | Tensor) -> PairSimilarity:
        """Return what in two images makes their descriptors similar, computed in float32.

        Args:
            query: an image of any size, or what :meth:`read` makes of one.
            gallery: the same.

        Raises:
            InputError: one cannot be read, or the model is not of this project.
        """
        tensors = [
            image if isinstance(image, Tensor) else self.read(image) for image in (query, gallery)
        ]
        return pair_similarity(self.model, *(tensor[None].to(self._device) for tensor in tensors))

    def read(self, image: AnyImage | InputError) -> Tensor:
        """Return an image as the model sees it, (3, H, W).

        Raises:
            InputError: it cannot be read.
        """
        return self._preprocess(as_image(image))

    def _output(self, batch: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Return attribute logits {name: (B, c)} and descriptors (B, D) of a batch."""
        if self._is_ours:
            output = network_output(self.model, batch, self._precision, self.flip)
            return output['attribute_logits'], output['descriptor']
        with self._precision.autocast():
            descriptors = self.model(batch)
            if self.flip:
                descriptors = mean_of_two(descriptors, self.model(batch.flip(-1)))
        return {}, descriptors

    @torch.inference_mode()
    def _predict(self, images: list[Tensor]) -> Prediction:
        # of no image at all the shapes come from a black one
        batch = torch.stack(images or [torch.zeros(3, *self.model.spec.image_size)])
        batch = batch.to(self._device, memory_format=self._layout)
        logits, descriptors = self._output(batch)
        prediction = Prediction(
            self.schema,
            {
                name: values.float().softmax(1).cpu().numpy()[: len(images)]
                for name, values in logits.items()
            },
            descriptors.float().cpu().numpy()[: len(images)],
        )
        arrays = prediction.descriptors, *prediction.probabilities.values()
        if not all(np.isfinite(values).all() for values in arrays):
            raise InputError(
                f'the answers of "{self.path}" are not finite in {self.precision}; set the '
                'precision fp32, and if that does not help, take another checkpoint'
            )
        return prediction


def as_image(image: AnyImage | InputError) -> Image.Image:
    """Return the image itself of whatever it was given as.

    Raises:
        InputError: it is none, or it was given as the reason why there is none.
    """
    if isinstance(image, InputError):
        raise image
    if isinstance(image, np.ndarray):
        check_array(image)
        return Image.fromarray(image)
    return image if isinstance(image, Image.Image) else read_image(image)
