"""What makes two images similar: the shares of each position in the cosine of their descriptors.

The feature of a branch is a mean, or the means of rows and a convolution of 1 x 1, maybe with a
BNNeck: an affine function of the branch's last map. With the other image's descriptor held fast the
cosine is one, too, up to the length of the own feature, which is a number. So each position has its
share, slope times value, and all shares and a constant (biases, shifts of a BNNeck) sum to the
cosine: nothing is approximated. They also do where ``midattr.pooling`` is a maximum or a
generalized mean, by Euler's theorem; see :func:`midattr_plugin.models.pooling.position_shares`.

Shapes: B pairs, C channels, h x w positions of a map.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from midattr_plugin.errors import InputError
from midattr_plugin.models.midattr_net import MidAttrNet


@dataclass(frozen=True)
class PairSimilarity:
    """The shares of the positions of two images in the cosine of their descriptors.

    Attributes:
        cosine: (B,), between the descriptors.
        query_maps: branch -> (B, h, w), shares of the positions of the queries.
        query_rest: (B,), what stands nowhere: query_maps and it sum to the cosine.
        gallery_maps: the same of the gallery images.
        gallery_rest: the same of the gallery images.
    """

    cosine: Tensor
    query_maps: Mapping[str, Tensor]
    query_rest: Tensor
    gallery_maps: Mapping[str, Tensor]
    gallery_rest: Tensor

    @property
    def query_map(self) -> Tensor:
        """The shares (B, h, w) of the positions of the queries, of all branches together."""
        return sum(self.query_maps.values(), torch.zeros(()))

    @property
    def gallery_map(self) -> Tensor:
        """The same of the gallery images."""
        return sum(self.gallery_maps.values(), torch.zeros(()))


def pair_similarity(model: nn.Module, queries: Tensor, gallery: Tensor) -> PairSimilarity:
    """Return what makes each query similar to the gallery image of the same number.

    Args:
        model: in eval mode.
        queries: (B, 3, H, W), as ``model.preprocess`` makes them.
        gallery: the same.

    Raises:
        InputError: the model is not of this project, or is being trained.
    """
    if not isinstance(model, MidAttrNet):
        raise InputError(
            'what makes two images similar is known of models whose last layer is pooled, but '
            f'not of a {type(model).__name__}; take a model midattr_<backbone>'
        )
    if model.training:
        raise InputError('the descriptors of a model in training depend on chance; call eval()')
    count = len(queries)
    with torch.no_grad():
        maps = model.branch_maps(torch.cat([queries, gallery]))
    of_query = {branch: values[:count].float() for branch, values in maps.items()}
    of_gallery = {branch: values[count:].float() for branch, values in maps.items()}
    query_maps, query_rest, cosine = _shares(model, of_query, of_gallery)
    gallery_maps, gallery_rest, _ = _shares(model, of_gallery, of_query)
    return PairSimilarity(cosine, query_maps, query_rest, gallery_maps, gallery_rest)


def _shares(
    model: MidAttrNet, own: Mapping[str, Tensor], others: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Return the shares (B, h, w) of each branch, what stands nowhere (B,), and the cosine (B,)."""
    shares = {}
    cosine, rest = torch.zeros(()), torch.zeros(())
    for branch, values in own.items():
        with torch.inference_mode(False), torch.enable_grad():
            maps = values.detach().clone().requires_grad_()
            feature = model.branch_feature(branch, maps)
            with torch.no_grad():
                other = F.normalize(model.branch_feature(branch, others[branch].clone()))
                # branches have the same weight: each is of length 1, and all together of sqrt(n)
                length = feature.norm(dim=1).clamp(min=1e-12) * len(own)
            products = (feature * other).sum(1) / length
            (slopes,) = torch.autograd.grad(products.sum(), maps)
            with torch.no_grad():
                constant = model.branch_feature(branch, torch.zeros_like(maps))
        shares[branch] = (slopes * values).sum(1)
        cosine = cosine + products.detach()
        rest = rest + (constant * other).sum(1) / length
    return shares, rest, cosine
