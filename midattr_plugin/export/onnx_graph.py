"""A model as an ONNX file: one graph from 8-bit images to descriptor and logits.

Images are (N, H, W, 3) uint8 of R, G, B, the way in which Pillow, OpenCV, imageio and video
decoders keep them, so that no user transposes or normalizes anything. They come in the size of the
model: resizing is left to the runtime, because no resize of ONNX gives Pillow's pixels, with which
the model was trained.
"""

import contextlib
import copy
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.torch_version import TorchVersion

import midattr_plugin
from midattr_plugin.errors import InputError
from midattr_plugin.export.extras import needed
from midattr_plugin.export.facts import INPUT, Facts
from midattr_plugin.export.pooling import DECOMPOSITIONS

OLDEST_PYTORCH = (2, 11)
"""With which the export was tried; that of 2.6 fails."""
_OPSET = 18
_BATCH = 'batch'


class ImagesToOutputs(nn.Module):
    """A model with its normalization in front, and a tuple of outputs.

    Args:
        model: from :func:`midattr_plugin.load_model`, in eval mode.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model
        spec = model.spec
        self._is_ours = bool(spec.backbone)  # and not a model of torchreid
        self._knows_identities = spec.num_classes > 0
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer('mean', 255 * torch.tensor(spec.norm_mean).view(3, 1, 1))
        self.register_buffer('std', 255 * torch.tensor(spec.norm_std).view(3, 1, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the descriptor (N, D), if there is one, and the logits (N, c) of each attribute.

        Args:
            images: (N, H, W, 3) uint8.
        """
        # as a loader lays them; some models of torchreid view what their layers make of it
        channels_first = images.permute(0, 3, 1, 2).contiguous()
        x = (channels_first.float() - self.mean) / self.std
        if not self._is_ours:
            return (self.model(x),)
        output = self.model(x, return_dict=True)
        descriptor = (output['descriptor'],) if self._knows_identities else ()
        return (*descriptor, *output['attribute_logits'].values())


def facts_of(model: nn.Module) -> Facts:
    """Return what the file of a model from :func:`midattr_plugin.load_model` says of it."""
    spec = model.spec
    return Facts(
        model=spec.name,
        schema=spec.schema,
        descriptor_size=_descriptor_size(model),
        image_size=tuple(spec.image_size),
        norm_mean=tuple(spec.norm_mean),
        norm_std=tuple(spec.norm_std),
        trained_on_rendered=model.trained_on_rendered,
        written_by=midattr_plugin.__version__,
    )


def _descriptor_size(model: nn.Module) -> int:
    if not model.spec.num_classes:
        return 0
    device = next(model.parameters()).device
    with torch.no_grad():
        return model(torch.zeros(1, 3, *model.spec.image_size, device=device)).shape[1]


def write_onnx(model: nn.Module, path: Path) -> None:
    """Write the ONNX file of a model.

    Args:
        model: from :func:`midattr_plugin.load_model`; it is not changed.
        path: of the file.

    Raises:
        InputError: a package is not installed, or the model has an operation that has no
            counterpart in ONNX.
    """
    onnx = needed('onnx')
    needed('onnxscript')
    check_pytorch()
    facts = facts_of(model)
    images = torch.zeros(2, *facts.image_size, 3, dtype=torch.uint8)
    copied = copy.deepcopy(model).cpu().to(memory_format=torch.contiguous_format)
    whole = ImagesToOutputs(copied).eval()
    try:
        with _quiet():
            program = torch.export.export(
                whole, (images,), dynamic_shapes=({0: torch.export.Dim(_BATCH)},)
            )
            exported = torch.onnx.export(
                program.run_decompositions(DECOMPOSITIONS),
                input_names=[INPUT],
                output_names=list(facts.outputs),
                opset_version=_OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except ImportError as error:
        raise InputError(
            f'onnxscript {needed("onnxscript").__version__} does not fit PyTorch '
            f"{torch.__version__} ({error}); pip install --upgrade 'midattr_plugin[export]'"
        ) from error
    except Exception as error:  # PyTorch raises many types for a graph that it cannot follow
        raise InputError(
            f'model "{facts.model}" cannot be exported ({_first_cause(error)}); export another '
            'model'
        ) from error
    proto = exported.model_proto
    _name_batch(proto)
    set_properties(proto, facts.as_properties())
    proto.producer_name, proto.producer_version = 'midattr_plugin', facts.written_by
    onnx.save(proto, os.fspath(path))


def check_pytorch() -> None:
    """Refuse a PyTorch whose exporter fails on batch normalization or on a free batch size.

    Raises:
        InputError: it is too old.
    """
    if TorchVersion(torch.__version__) < OLDEST_PYTORCH:
        raise InputError(
            f'an export needs PyTorch {".".join(map(str, OLDEST_PYTORCH))} or later, and this is '
            f'{torch.__version__}; pip install --upgrade torch torchvision'
        )


def set_properties(proto, properties: Mapping[str, str]) -> None:
    """Let a ``ModelProto`` hold these properties, and no others."""
    del proto.metadata_props[:]
    for name, value in properties.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = name, value


def _name_batch(proto) -> None:
    """Give the number of images its name, in the place of one that PyTorch has made up."""
    symbol = proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.value_info]:
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param == symbol:
                size.dim_param = _BATCH


def _first_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return ' '.join(str(error).split())[:200] or type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what the exporter says of its own work."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'onnxscript', 'onnx_ir')]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
