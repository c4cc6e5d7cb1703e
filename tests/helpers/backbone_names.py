"""Names of backbones: the smaller networks of each family."""

TORCHREID = [
    *('osnet_x0_25', 'mobilenetv2_x1_0', 'shufflenet', 'osnet_x0_5', 'osnet_x0_75'),
    *('osnet_x1_0', 'osnet_ibn_x1_0'),
    *('osnet_ain_x1_0', 'osnet_ain_x0_75', 'osnet_ain_x0_5', 'osnet_ain_x0_25'),
    *('resnet50_ibn_a', 'resnet50_ibn_b', 'se_resnet50', 'se_resnext50_32x4d'),
    *('mobilenetv2_x1_4', 'squeezenet1_0', 'squeezenet1_1'),
    *('xception', 'inceptionv4', 'inceptionresnetv2'),
]
TORCHVISION = [
    *('resnet18', 'resnet34', 'resnet50', 'resnext50_32x4d'),
    *('densenet121', 'efficientnet_b0', 'efficientnet_v2_s', 'convnext_tiny', 'mnasnet0_5'),
    *('mobilenet_v2', 'mobilenet_v3_small', 'mobilenet_v3_large', 'regnet_x_400mf'),
    *('regnet_y_400mf', 'shufflenet_v2_x0_5', 'shufflenet_v2_x1_0'),
]
NAMES = [*TORCHREID, *TORCHVISION]


def image_size(name: str) -> tuple[int, int]:
    """Return a small size that a backbone can take; those without padding need more."""
    return (256, 128) if name.startswith('inception') else (128, 64)
