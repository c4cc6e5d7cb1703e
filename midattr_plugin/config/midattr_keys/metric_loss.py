"""Keys of the term of the loss that compares the features of a batch, such as a triplet loss."""

from midattr_plugin.config.condition import is_above, is_one_of
from midattr_plugin.config.key import NOT_NEGATIVE, POSITIVE, Interval, Key
from midattr_plugin.config.midattr_keys.conditions import MIDATTR
from midattr_plugin.losses import METRIC_LOSSES

_METRIC = MIDATTR & is_above('midattr.triplet_weight', 0)
_CIRCLE = _METRIC & is_one_of('midattr.metric_loss', 'circle')

ROWS: dict[str, Key] = {
    'triplet_weight': Key(
        0.0,
        'weight of midattr.metric_loss, a triplet loss unless told otherwise, on the feature of '
        'each branch, in any loss_reading (Luo et al. use 1). Needs sampler.train_sampler '
        'RandomIdentitySampler',
        NOT_NEGATIVE,
        argument='criterion.triplet_weight',
        read_if=MIDATTR,
    ),
    'metric_loss': Key(
        'batch_hard',
        "loss that compares the features of a batch. 'batch_hard': triplets of the farthest "
        'positive and the nearest negative, with the margin loss.triplet.margin (Hermans et al., '
        "2017; Luo et al. use 0.3); 'soft_margin': the same with a softplus in the place of the "
        "margin (Hermans et al.); 'weighted': all pairs, weighted by softmaxes of their distances, "
        "with a softplus (WRT of AGW: Ye et al., TPAMI 2021); 'circle': all pairs, weighted by how "
        'far their cosine is off (Sun et al., CVPR 2020), which is a hundred times as large: give '
        'it a triplet_weight of about 0.01',
        lambda: list(METRIC_LOSSES),
        extensible=True,
        read_if=_METRIC,
    ),
    'circle_margin': Key(
        0.25,
        'm of circle, the distance from cosines of 1 and 0 at which pairs are well off',
        Interval(0, 1),
        argument='metric_loss.circle.margin',
        read_if=_CIRCLE,
    ),
    'circle_gamma': Key(
        128.0,
        'gamma of circle, the scale of the cosines',
        POSITIVE,
        argument='metric_loss.circle.gamma',
        read_if=_CIRCLE,
    ),
}
