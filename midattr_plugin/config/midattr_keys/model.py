"""Keys of the model, and of the weights that it starts from; read only if it is one of ours."""

from midattr_plugin.config.condition import condition, is_one_of
from midattr_plugin.config.key import BELOW_ONE, COUNT, NOT_NEGATIVE, POSITIVE, Interval, Key
from midattr_plugin.config.midattr_keys.conditions import ATTRIBUTES, GLOBAL, LOCAL, MIDATTR
from midattr_plugin.losses import CLASSIFIERS
from midattr_plugin.models.attribute_heads import layer_choices
from midattr_plugin.models.backbone import SAME_LAYER, layer_names
from midattr_plugin.models.backbones.timm_models import TIMM
from midattr_plugin.models.model_options import BRANCHES, COSINE, DESCRIPTORS, LINEAR
from midattr_plugin.models.pooling import POOLINGS
from midattr_plugin.models.zoo import MODELS


def _layers() -> tuple[str, ...]:
    return layer_choices(dict.fromkeys([*layer_names(), *SAME_LAYER, *SAME_LAYER.values()]))


_OURS = condition(
    'model.name is one of this project', lambda values: values['model.name'] in MODELS
)
_TIMM = condition(
    f'model.name begins with midattr_{TIMM}',
    lambda values: values['model.name'] in MODELS and MODELS[values['model.name']].backbone == TIMM,
)
_COSINES = MIDATTR & condition(
    'midattr.classifier is not linear', lambda values: values['midattr.classifier'] != LINEAR
)
_PRETRAINED = is_one_of('model.pretrained', True)
_NO_FILE = condition(
    'midattr.weights_file is not given', lambda values: not values['midattr.weights_file']
)

ROWS: dict[str, Key] = {
    # --- Section 2.1 ---
    'timm_name': Key(
        '',
        'network of timm that midattr_timm and midattr_timm_market (..._duke, ...) are built on, '
        'e.g. tiny_vit_5m_224; needs the extra [timm]',
        argument='model.timm_name',
        read_if=_TIMM,
    ),
    'branches': Key(
        ['global', 'local'],
        "branches of the model. 'global': conv5, global average pooling (pool5). 'local': the part "
        'branch, a copy of conv5 with horizontal average pooling (pool5_1)',
        BRANCHES,
        (1, len(BRANCHES)),
        'model.branches',
        read_if=_OURS,
    ),
    'attribute_layer': Key(
        'res3d',
        'layer on which the attributes are recognized: a layer of the backbone (res3d or s8, of '
        'stride 8; res4f or s16; res5c or s32: of a ResNet the ends of conv3, conv4 and conv5), '
        'cut into 4 horizontal parts, or pool5, the pooled feature. Section 2.1 uses res3d; Tables '
        '4 and 5 compare the layers. Beyond the paper: mixture, a weighted sum of the logits of '
        'all layers, with weights that each attribute learns',
        _layers,
        argument='model.attribute_layer',
        extensible=True,
        read_if=ATTRIBUTES,
    ),
    'layer_overrides': Key(
        [],
        "attributes that are recognized on another layer, each '<attribute>=<layer>', e.g. "
        "'age=res4f' (end of section 3.5)",
        argument='model.layer_overrides',
        read_if=ATTRIBUTES,
    ),
    'part_dim': Key(
        256,
        'channels of each row of the part branch after its 1x1 convolution (section 2.1; the paper '
        'gives no number)',
        COUNT,
        argument='model.part_dim',
        read_if=_OURS & LOCAL,
    ),
    'part_rows': Key(
        0,
        'rows into which the part branch cuts the conv5 map (7 in section 2.1). 0: one per row of '
        'the map',
        NOT_NEGATIVE,
        argument='model.part_rows',
        read_if=_OURS & LOCAL,
    ),
    'dropout': Key(
        0.5,
        'probability of the dropout before each identity classifier (section 2.1; the paper gives '
        'no number)',
        BELOW_ONE,
        argument='model.dropout',
        read_if=_OURS,
    ),
    'descriptor': Key(
        'fused',
        "what a model in test mode returns: 'fused' (the L2-normalized features of all branches, "
        'concatenated; section 3.3) or the feature of one branch',
        DESCRIPTORS,
        argument='model.descriptor',
        read_if=_OURS,
    ),
    'freeze_bn': Key(
        False,
        'keep statistics, scales and shifts of all batch normalization of the backbone as they are '
        'in the weights that training starts from, as fine-tuning in Caffe did (the paper does not '
        'say). Changes nothing in a test',
        argument='model.freeze_bn',
        read_if=_OURS,
    ),
    # --- Beyond the paper ---
    'bnneck': Key(
        False,
        "batch normalization without a shift between each branch's feature and its classifier, "
        'which then has no bias; the descriptor is taken after it, the features of a triplet loss '
        'before it (BNNeck: Luo et al., CVPRW 2019, who have no dropout). The layers are named '
        'bnneck and bnneck_part',
        argument='model.bnneck',
        read_if=_OURS,
    ),
    'classifier': Key(
        LINEAR,
        'classifier of the identities in each branch, and what its loss demands in training. '
        "'linear': logits (section 2.1). The others give cosines, of which that of the true "
        "identity must lead by midattr.classifier_margin: 'cosface' (Wang et al., CVPR 2018), "
        "'arcface' (Deng et al., CVPR 2019), 'circle' (Sun et al., CVPR 2020; CircleSoftmax of "
        "fast-reid's SBS). Only with loss.name midattr",
        tuple(CLASSIFIERS),
        argument='model.classifier',
        convert=lambda name: LINEAR if name == LINEAR else COSINE,
        read_if=_OURS,
    ),
    'classifier_scale': Key(
        64.0,
        'scale of the cosines, s (gamma of circle)',
        POSITIVE,
        argument='margin_softmax.scale',
        read_if=_COSINES,
    ),
    'classifier_margin': Key(
        0.35,
        'margin of the cosine of the true identity, m; of arcface in radians, where its authors '
        'have 0.5',
        Interval(0, 1),
        argument='margin_softmax.margin',
        read_if=_COSINES,
    ),
    'non_local': Key(
        [],
        'layers behind which a non-local block stands, e.g. [res3d, res4f]: each position of the '
        'map then also gets a mean of all positions, weighted by dot products (Wang et al., CVPR '
        "2018; as in AGW and fast-reid's SBS, which have several in each stage). It changes "
        'nothing at first. Attributes read the layer itself, before its block. The layer is named '
        'non_local',
        layer_names,
        argument='model.non_local',
        extensible=True,
        read_if=_OURS,
    ),
    'pooling': Key(
        'avg',
        "pooling of the last map of the global branch. 'avg': the paper's mean; 'gem': generalized "
        'mean, the p-th root of the mean of p-th powers, with a p that is learned and starts at 3 '
        "(Radenovic et al., TPAMI 2018; as in AGW and fast-reid's SBS); 'max': maximum (e.g. MGN: "
        'Wang et al., ACM MM 2018). The layer is named pooling. The part branch keeps the mean',
        tuple(POOLINGS),
        argument='model.pooling',
        read_if=_OURS & GLOBAL,
    ),
    'last_stride': Key(
        2,
        'stride of conv5 in both branches: 2, or 1 for a map of twice the rows and columns (Luo et '
        'al.), which makes conv5 about four times as expensive',
        Interval(1, 2),
        argument='model.last_stride',
        read_if=_OURS,
    ),
    # --- Pretrained weights (section 3.2) ---
    'weights_file': Key(
        '',
        "file with the backbone's weights. '': they are downloaded by name",
        argument='model.weights_file',
        path=True,
        read_if=_OURS & _PRETRAINED,
    ),
    'weights': Key(
        '',
        "name of the backbone's weights, e.g. torchvision's IMAGENET1K_V1. '': the backbone's own "
        'choice',
        argument='model.weights',
        read_if=_OURS & _PRETRAINED & _NO_FILE,
    ),
}
