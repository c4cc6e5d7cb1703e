"""The names under which torchreid's ``build_model`` knows this project's models.

``midattr_resnet<depth>`` has no attributes; the endings ``_market``, ``_duke`` and
``_market_duke`` say whose attributes the others learn.
"""

from collections.abc import Callable
from functools import partial

from midattr_plugin.models.backbone import DEPTHS, pretrained_state
from midattr_plugin.models.midattr_net import MidAttrNet
from midattr_plugin.schema import DUKEMTMCREID, MARKET1501, AttributeSchema


def midattr_resnet(
    num_classes: int,
    loss: str = 'softmax',
    pretrained: bool = True,
    use_gpu: bool = True,
    weights: str = 'IMAGENET1K_V1',
    weights_file: str = '',
    *,
    depth: int = 50,
    schema: AttributeSchema | None = None,
    **options,
) -> MidAttrNet:
    """Builds a model with the arguments of torchreid's ``build_model`` and the options of ours.

    Args:
        num_classes: number n of training identities.
        loss: 'softmax', 'triplet' or 'midattr'.
        pretrained: start from weights trained on ImageNet.
        use_gpu: ignored, as by torchreid's models; moving the model is left to the caller.
        weights: torchvision's name for the pretrained weights.
        weights_file: a file to read them from instead.
        depth: of the ResNet.
        schema: the attributes to learn.
        options: see :class:`MidAttrNet`.

    Raises:
        InputError: the weights cannot be had, or an option is wrong.
    """
    state = pretrained_state(depth, weights, weights_file) if pretrained else None
    return MidAttrNet(num_classes, depth, schema, loss=loss, backbone_state=state, **options)


_SCHEMAS = {
    '': None,
    '_market': MARKET1501,
    '_duke': DUKEMTMCREID,
    '_market_duke': MARKET1501.union(DUKEMTMCREID),
}

MODELS: dict[str, Callable[..., MidAttrNet]] = {
    f'midattr_resnet{depth}{ending}': partial(midattr_resnet, depth=depth, schema=schema)
    for depth in DEPTHS
    for ending, schema in _SCHEMAS.items()
}
