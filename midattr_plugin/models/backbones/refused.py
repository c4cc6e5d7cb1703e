"""Networks that cannot be backbones here, and why: asked for by name, they deserve an answer."""

_PREFIX = 'midattr_'
_ONE_STRIDE = 'it has maps of one stride alone, so that it has no mid-level layer'
_CHANNELS_LAST = 'it has maps with the channels last, which the branches cannot read'

_REASONS = {
    'hacnn': 'it takes images of 160 x 64 pixels alone, and has regions with a branch each of its '
    'own; choose midattr_osnet_x0_5, which is as small',
    'mlfn': 'it puts what each of its blocks selected into its descriptor, so that it has no end '
    'that a second branch could copy; choose midattr_resnext50_32x4d, on which it is built',
    'mudeep': 'it joins four maps in its last layers, for images of 256 x 128 pixels alone; choose '
    'midattr_osnet_x1_0, which has streams of several scales, too',
    'nasnsetmobile': 'each of its cells reads the maps of two others, so that it cannot be cut; '
    'choose midattr_efficientnet_b0',
    'pcb_p4': 'it is a ResNet-50 with body parts of its own; choose midattr_resnet50',
    'pcb_p6': 'it is a ResNet-50 with body parts of its own; choose midattr_resnet50',
    'resnet50mid': 'it is a ResNet-50 whose descriptor joins three maps of conv5; choose '
    'midattr_resnet50',
    'maxvit_t': f'{_CHANNELS_LAST}; choose midattr_convnext_tiny',
    'swin_': f'{_CHANNELS_LAST}; choose midattr_convnext_tiny',
    'vit_': f'{_ONE_STRIDE}; choose midattr_convnext_tiny',
}
"""Name, or its beginning if that ends with '_' -> why."""


def why_not(model: str) -> str:
    """Return why a network is no backbone here, and what to take instead; '' if it is not known.

    Args:
        model: as ``model.name`` would be, e.g. 'midattr_hacnn_market'.
    """
    if not model.startswith(_PREFIX):
        return ''
    name = f'{model.removeprefix(_PREFIX)}_'
    if '_fc512_' in name:
        plain = model.replace('_fc512', '')
        return (
            f'it is {plain.removeprefix(_PREFIX)} with another layer behind its pooling, which the '
            f'branches replace; choose {plain}'
        )
    for refused, reason in _REASONS.items():
        if name.startswith(f'{refused.removesuffix("_")}_'):
            return reason
    return ''
