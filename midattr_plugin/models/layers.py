"""Small layers in front of the softmax losses: classifiers and BNNeck."""

from torch import Tensor, nn
from torch.nn import functional as F

from midattr_plugin.models.autocast import without_autocast

_STD = 0.001


def build_classifier(dim: int, num_classes: int, bias: bool = True) -> nn.Linear:
    """Return a layer (B, dim) -> (B, num_classes), for identities or classes of an attribute.

    The first gradients reach the pretrained layers through the new classifiers: small weights
    keep them small until the classifiers know something, and start from even predictions.
    The paper (section 2.1) does not give the initialization.

    Behind a BNNeck the classifier has no bias (Luo et al., CVPRW 2019), so that its hyperplanes
    pass through the origin, around which the normalized features lie. It starts with the same
    weights as one with a bias.
    """
    classifier = nn.Linear(dim, num_classes)  # which draws a bias
    nn.init.normal_(classifier.weight, std=_STD)
    if bias:
        nn.init.zeros_(classifier.bias)
    else:
        classifier.bias = None  # type: ignore[assignment]
    return classifier


class CosineClassifier(nn.Linear):
    """Cosines between a feature and the direction of each identity (not in the paper).

    Their margins and their scale are the loss's; see
    :mod:`midattr_plugin.losses.margin_softmax`. Only the directions of the weights count: their
    first length says how fast they turn, and is that of fast-reid.

    Args:
        dim: D of the features.
        num_classes: n.
    """

    def __init__(self, dim: int, num_classes: int):
        super().__init__(dim, num_classes, bias=False)
        nn.init.normal_(self.weight, std=0.01)

    def forward(self, features: Tensor) -> Tensor:
        """Return the cosines (B, n), never rounded to 16 bits: the loss multiplies them.

        Args:
            features: (B, D).
        """
        with without_autocast(features.device.type):
            directions = F.normalize(features.to(self.weight.dtype))
            return F.linear(directions, F.normalize(self.weight))


def build_bnneck(dim: int) -> nn.BatchNorm1d:
    """Return a layer (B, dim) -> (B, dim) that scales but does not shift (not in the paper).

    Source: Luo et al., "Bag of Tricks and A Strong Baseline for Deep Person Re-identification",
    CVPRW 2019. A metric loss (e.g. the triplet loss) takes the feature before this layer;
    classifier and descriptor take the one behind it.

    The source freezes a bias of 0. This layer has none at all, which computes the same:
    torchreid makes every parameter trainable at the start of each epoch, so that a frozen bias
    would be trained from then on.

    Training needs batches of 2 images or more, as all statistics of a batch of vectors do.
    """
    neck = nn.BatchNorm1d(dim)
    # older versions of PyTorch have no argument for it
    neck.bias = None  # type: ignore[assignment]
    return neck
