"""The loss of the whole network (paper section 2.2, Eq. 3; values from section 3.2)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from midattr_plugin.distributed import gather_with_gradients
from midattr_plugin.errors import InputError
from midattr_plugin.losses.attribute_loss import AttributeLoss
from midattr_plugin.losses.batch_hard_triplet_loss import BatchHardTripletLoss
from midattr_plugin.losses.cross_entropy import PlainAttributeLoss, masked_cross_entropy
from midattr_plugin.losses.margin_softmax import MarginSoftmax
from midattr_plugin.losses.metric_loss import MetricLoss
from midattr_plugin.losses.task_uncertainty import TaskUncertainty

READINGS = ('attribute_units', 'literal', 'apr')
"""Readings of Eq. 3; see :class:`MidAttrLoss`."""


class MidAttrLoss(nn.Module):
    """Identity losses of the branches and the losses of the m attributes, weighted.

    The paper writes L = mu * L_global + nu * L_local + sum of L_att, with mu = 5 and nu = 4,
    "set[s] the weight of each attribute to 0.1", and refers to APR (Lin et al., 2017) for "the
    weight of identity is 8 times that of attribute". The text leaves undecided how these three
    belong together; for 12 attributes identity weighs, against one attribute, as noted:

    - 'attribute_units': w * (mu * L_global + nu * L_local + sum of L_att), 9 : 1. All three
      statements hold word by word: mu and nu are measured in units of an attribute's weight.
    - 'literal': mu * L_global + nu * L_local + w * sum of L_att, 90 : 1. Eq. 3 and the 0.1 as they
      are written, but not the 8.
    - 'apr': mu * L_global + nu * L_local + mean of the m L_att, 108 : 1, or 96 : 1 at mu + nu = 8:
      most likely what APR does, 8 * L_id + mean of L_att, and so what 8 means there. The 0.1 is
      then not used (1 / m is near to it).

    Times the learning rate of 0.01, identity has a step of 0.009 in the first, near to APR's own
    0.008; in the others it is ten times as large.

    The term of a branch that the model does not have is left out.

    Args:
        mu: weight of the global branch.
        nu: weight of the part branch.
        attribute_weight: w; not used by 'apr'.
        reading: one of ``READINGS``.
        label_smoothing: in [0, 1], for the identities only; the paper has none.
        attribute_loss: of one attribute; :class:`PlainAttributeLoss` unless given.
        task_uncertainty: learned factors of these weights; None for the weights as they are.
        triplet_weight: of the metric loss on the feature of each branch, whatever the reading, and
            without a learned factor, because it is not a likelihood. 0, as in the paper: there is
            none.
        metric_loss: one of ``METRIC_LOSSES``; :class:`BatchHardTripletLoss` unless given.
        margin_softmax: makes logits of the cosines of a model that gives these; see
            ``CLASSIFIERS``.

    Raises:
        InputError: the reading is unknown.
    """

    def __init__(
        self,
        mu: float = 5.0,
        nu: float = 4.0,
        attribute_weight: float = 0.1,
        reading: str = 'attribute_units',
        label_smoothing: float = 0.0,
        attribute_loss: AttributeLoss | None = None,
        task_uncertainty: TaskUncertainty | None = None,
        triplet_weight: float = 0.0,
        metric_loss: MetricLoss | None = None,
        margin_softmax: MarginSoftmax | None = None,
    ):
        super().__init__()
        if reading not in READINGS:
            raise InputError(
                f'midattr.loss_reading: unknown reading "{reading}"; choose from '
                f'{", ".join(READINGS)}'
            )
        unit = attribute_weight if reading == 'attribute_units' else 1.0
        self.branch_weights = {'global': unit * mu, 'local': unit * nu}
        self.reading = reading
        self.attribute_weight = attribute_weight
        self.label_smoothing = label_smoothing
        self.attribute_loss = attribute_loss or PlainAttributeLoss()
        self.task_uncertainty = task_uncertainty
        self.triplet_weight = triplet_weight
        self.metric_loss = metric_loss or BatchHardTripletLoss()
        self.margin_softmax = margin_softmax

    def param_groups(self) -> list[dict]:
        """Return what is learned here, for ``Optimizer.add_param_group``; [] if nothing is.

        Call it before a scheduler is built. Weight decay would draw the learned weights to 1.
        """
        parameters = list(self.parameters())
        return [{'params': parameters, 'weight_decay': 0.0}] if parameters else []

    def forward(
        self,
        identity_logits: Mapping[str, Tensor],
        attribute_logits: Mapping[str, Tensor],
        pids: Tensor,
        attrs: Tensor | None = None,
        num_known: Tensor | None = None,
        features: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Return the total and its terms.

        Args:
            identity_logits: branch -> (B, n); cosines if there is a ``margin_softmax``.
            attribute_logits: attribute name -> (B, c); may be empty.
            pids: (B,) int64, in [0, n).
            attrs: (B, m) int64, class indices in the order of ``attribute_logits``, negative where
                unknown; None if there are no attributes.
            num_known: (m,), number of known labels, if not those of this batch: their mean number
                per process, where a batch is sharded.
            features: branch -> pooled feature (B, D of the branch), which the metric loss
                compares, over all processes; one identity alone leaves it without a triplet.

        Returns:
            Scalars: 'loss' (Eq. 3) first, then the unweighted terms 'loss_global',
            'loss_local' and 'loss_<attribute>', and with a metric loss 'loss_triplet_global'
            and 'loss_triplet_local'.

        Raises:
            ValueError: ``attrs`` has more or fewer columns than there are attributes, or there is
                a metric loss but no features.
        """
        if self.triplet_weight and not features:
            raise ValueError('the metric loss compares features, but none are given')
        identity = {
            branch: masked_cross_entropy(
                logits if self.margin_softmax is None else self.margin_softmax(logits, pids),
                pids,
                self.label_smoothing,
            )
            for branch, logits in identity_logits.items()
        }
        if attrs is None or not attribute_logits:
            attrs = pids.new_empty(len(pids), 0)
        if num_known is None:
            num_known = (attrs >= 0).sum(0)
        has_label = num_known > 0
        divisors = torch.where(has_label, num_known, 1)
        attributes = {
            name: self.attribute_loss(name, logits, labels, num_known=divisor)
            for (name, logits), labels, divisor in zip(
                attribute_logits.items(), attrs.unbind(1), divisors.unbind(), strict=True
            )
        }
        triplets = self._triplets(features or {}, pids) if self.triplet_weight else {}
        terms = {f'loss_{name}': loss for name, loss in (identity | attributes | triplets).items()}

        if self.task_uncertainty is not None:
            has_labels = dict(zip(attributes, has_label.unbind(), strict=True))
            identity = self.task_uncertainty(identity, has_labels)
            attributes = self.task_uncertainty(attributes, has_labels)
        total = sum(self.branch_weights[branch] * loss for branch, loss in identity.items())
        is_mean = self.reading == 'apr'
        attribute_weight = 1 / max(len(attributes), 1) if is_mean else self.attribute_weight
        total = total + attribute_weight * sum(attributes.values())
        if triplets:
            total = total + self.triplet_weight * sum(triplets.values())
        return {'loss': total} | terms

    def scaled_logits(self, identity_logits: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what a test takes the softmax of: the logits, or the cosines times their scale.

        Args:
            identity_logits: branch -> (B, n), of the model.
        """
        if self.margin_softmax is None:
            return dict(identity_logits)
        return {
            branch: self.margin_softmax.scaled(cosines)
            for branch, cosines in identity_logits.items()
        }

    def _triplets(self, features: Mapping[str, Tensor], pids: Tensor) -> dict[str, Tensor]:
        pids = gather_with_gradients(pids)
        return {
            f'triplet_{branch}': self.metric_loss(gather_with_gradients(feature), pids)
            for branch, feature in features.items()
        }
