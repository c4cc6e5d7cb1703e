"""The fully connected layers in front of the softmax losses (paper section 2.1)."""

from torch import nn

_STD = 0.001


def build_classifier(dim: int, num_classes: int, bias: bool = True) -> nn.Linear:
    """A layer (B, dim) -> (B, num_classes), for identities or for the classes of an attribute.

    The first gradients reach the pretrained layers through the new classifiers: small weights
    keep them small until the classifiers know something, and start from even predictions.
    The paper does not give the initialization.

    Behind a BNNeck the classifier has no bias (Luo et al., CVPRW 2019), so that its hyperplanes
    pass through the origin, which the normalized features lie around.
    """
    classifier = nn.Linear(dim, num_classes, bias)
    nn.init.normal_(classifier.weight, std=_STD)
    if bias:
        nn.init.zeros_(classifier.bias)
    return classifier
