"""Keys of the loss: its terms of identity and of attributes, and their weights."""

from midattr_plugin.config.condition import is_one_of
from midattr_plugin.config.key import BELOW_ONE, NOT_NEGATIVE, Key
from midattr_plugin.config.midattr_keys.conditions import ATTRIBUTES, GLOBAL, LOCAL, MIDATTR
from midattr_plugin.losses import ATTRIBUTE_LOSSES, TASK_WEIGHTS
from midattr_plugin.losses.midattr_loss import READINGS

ROWS: dict[str, Key] = {
    # --- Section 2.2, Eq. 3; values from section 3.2 ---
    'mu': Key(
        5.0,
        'mu: weight of the identity loss of the global branch',
        NOT_NEGATIVE,
        argument='criterion.mu',
        read_if=MIDATTR & GLOBAL,
    ),
    'nu': Key(
        4.0,
        'nu: weight of the identity loss of the part branch',
        NOT_NEGATIVE,
        argument='criterion.nu',
        read_if=MIDATTR & LOCAL,
    ),
    'attribute_weight': Key(
        0.1,
        'weight of the loss of each attribute',
        NOT_NEGATIVE,
        argument='criterion.attribute_weight',
        read_if=MIDATTR & is_one_of('midattr.loss_reading', 'attribute_units')
        | MIDATTR & ATTRIBUTES & is_one_of('midattr.loss_reading', 'literal'),
    ),
    'loss_reading': Key(
        'attribute_units',
        'how Eq. 3 is read, which the text of the paper leaves undecided. attribute_units: weight '
        '* (mu * L_global + nu * L_local + sum of L_att), under which identity weighs 8 to 9 times '
        'as much as an attribute, as section 3.2 says; literal: mu * L_global + nu * L_local + '
        'weight * sum of L_att; apr: mu * L_global + nu * L_local + mean of L_att, as in the paper '
        'that it builds on. weight is midattr.attribute_weight',
        READINGS,
        argument='criterion.reading',
        read_if=MIDATTR,
    ),
    # --- Beyond the paper ---
    'attribute_loss': Key(
        'plain',
        "loss of an attribute. 'plain': the paper's cross entropy; for imbalanced labels "
        "'class_balanced', which weights an image by the rarity of its class among the training "
        "images (Cui et al., CVPR 2019), or 'focal', which weights it by (1 - p)^gamma, p being "
        'the probability given to its class (Lin et al., ICCV 2017)',
        lambda: list(ATTRIBUTE_LOSSES),
        extensible=True,
        read_if=MIDATTR & ATTRIBUTES,
    ),
    'class_balance_beta': Key(
        0.999,
        'beta of class_balanced: 0 weights all classes alike; towards 1 the weight is the inverse '
        'of their number of images',
        BELOW_ONE,
        argument='attribute_loss.class_balanced.beta',
        read_if=MIDATTR & ATTRIBUTES & is_one_of('midattr.attribute_loss', 'class_balanced'),
    ),
    'focal_gamma': Key(
        2.0,
        'gamma of focal; 0 is the plain loss',
        NOT_NEGATIVE,
        argument='attribute_loss.focal.gamma',
        read_if=MIDATTR & ATTRIBUTES & is_one_of('midattr.attribute_loss', 'focal'),
    ),
    'task_weights': Key(
        'fixed',
        "weights of the losses. 'fixed': those of loss_reading; 'uncertainty': these times "
        'factors that are learned, one per loss, starting at 1 (Kendall et al., CVPR 2018)',
        tuple(TASK_WEIGHTS),
        read_if=MIDATTR,
    ),
}
