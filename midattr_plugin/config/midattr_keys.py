"""The configuration keys that this project adds, all of them under ``midattr``.

The meanings give the paper's symbol or section (Zhang and Xu, 2018). A key is set in a YAML file::

    midattr:
      attribute_layer: res4f
      layer_overrides: ['age=res5c']

or on the command line, e.g. ``midattr.mu 1.0``.

The row of a key says when it is read: those of the model only if ``model.name`` is one of ours
(``midattr_...``), those of the loss only if ``loss.name`` is ``midattr``. To add a key, add a row
here and use the argument that it becomes; see docs/extending.md.
"""

import re
from typing import Any

from midattr_plugin.config.condition import condition, has_item, is_above, is_one_of
from midattr_plugin.config.key import BELOW_ONE, COUNT, NOT_NEGATIVE, POSITIVE, Interval, Key
from midattr_plugin.config.keys import KEYS
from midattr_plugin.datasets.table_dataset import TABLE
from midattr_plugin.engine.precision import DTYPES
from midattr_plugin.loading import CACHES
from midattr_plugin.loading.policies import POLICIES
from midattr_plugin.losses import ATTRIBUTE_LOSSES, CLASSIFIERS, METRIC_LOSSES, TASK_WEIGHTS
from midattr_plugin.losses.midattr_loss import READINGS
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
_ATTRIBUTES = condition(
    'model.name learns attributes',
    lambda values: (
        values['model.name'] in MODELS
        and (MODELS[values['model.name']].schema is not None or TABLE in values['data.sources'])
    ),
)
_TABLE = condition(
    f'data.sources or data.targets name {TABLE}',
    lambda values: TABLE in {*values['data.sources'], *values['data.targets']},
)
_GLOBAL, _LOCAL = (has_item('midattr.branches', branch) for branch in BRANCHES)
_MIDATTR = is_one_of('loss.name', 'midattr')
_COSINE = is_one_of('train.lr_scheduler', 'cosine')
_METRIC = _MIDATTR & is_above('midattr.triplet_weight', 0)
_CIRCLE = _METRIC & is_one_of('midattr.metric_loss', 'circle')
_COSINES = _MIDATTR & condition(
    'midattr.classifier is not linear', lambda values: values['midattr.classifier'] != LINEAR
)
_PRETRAINED = is_one_of('model.pretrained', True)
_NO_FILE = condition(
    'midattr.weights_file is not given', lambda values: not values['midattr.weights_file']
)

_ROWS = {
    # --- Extensions ---
    'extensions': Key(
        [],
        'modules, or paths of .py files, that register losses, datasets, backbones, keys or '
        'measurements of your own; they are imported before the other keys are read',
        path=True,
    ),
    # --- Own images ---
    'csv.file': Key(
        '',
        'table of your own images, the dataset csv: a CSV file with the columns path, pid, camid, '
        'split (train, query or gallery) and one for each attribute. camid and split may be '
        'missing, and pid, too: only attributes are then learned (split train, val or test)',
        argument='csv.file',
        path=True,
        read_if=_TABLE,
    ),
    'csv.attributes': Key(
        [],
        'columns of the table that are attributes; none: all others',
        argument='csv.attributes',
        read_if=_TABLE & is_one_of('midattr.csv.schema', ''),
    ),
    'csv.schema': Key(
        '',
        'YAML file with the attributes of the table, e.g. `bag: {classes: [no, yes], parts: [2, '
        "3]}` in a line. '': their classes are the values in the training images; those with the "
        'name of an attribute of another dataset are seen on the same parts, others on all',
        argument='csv.schema',
        path=True,
        read_if=_TABLE,
    ),
    'csv.seed': Key(
        0,
        'seed of the split of a table that has none; not train.seed, as all runs are tested on the '
        'same people',
        NOT_NEGATIVE,
        argument='csv.seed',
        read_if=_TABLE,
    ),
    # --- Model (section 2.1) ---
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
        read_if=_ATTRIBUTES,
    ),
    'layer_overrides': Key(
        [],
        "attributes that are recognized on another layer, each '<attribute>=<layer>', e.g. "
        "'age=res4f' (end of section 3.5)",
        argument='model.layer_overrides',
        read_if=_ATTRIBUTES,
    ),
    'part_dim': Key(
        256,
        'channels of each row of the part branch after its 1x1 convolution (section 2.1; the paper '
        'gives no number)',
        COUNT,
        argument='model.part_dim',
        read_if=_OURS & _LOCAL,
    ),
    'part_rows': Key(
        0,
        'rows into which the part branch cuts the conv5 map (7 in section 2.1). 0: one per row of '
        'the map',
        NOT_NEGATIVE,
        argument='model.part_rows',
        read_if=_OURS & _LOCAL,
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
    # --- Beyond the paper: model ---
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
        read_if=_OURS & _GLOBAL,
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
    # --- Loss (section 2.2, Eq. 3; values from section 3.2) ---
    'mu': Key(
        5.0,
        'mu: weight of the identity loss of the global branch',
        NOT_NEGATIVE,
        argument='criterion.mu',
        read_if=_MIDATTR & _GLOBAL,
    ),
    'nu': Key(
        4.0,
        'nu: weight of the identity loss of the part branch',
        NOT_NEGATIVE,
        argument='criterion.nu',
        read_if=_MIDATTR & _LOCAL,
    ),
    'attribute_weight': Key(
        0.1,
        'weight of the loss of each attribute',
        NOT_NEGATIVE,
        argument='criterion.attribute_weight',
        read_if=_MIDATTR & is_one_of('midattr.loss_reading', 'attribute_units')
        | _MIDATTR & _ATTRIBUTES & is_one_of('midattr.loss_reading', 'literal'),
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
        read_if=_MIDATTR,
    ),
    # --- Beyond the paper: losses and schedule ---
    'attribute_loss': Key(
        'plain',
        "loss of an attribute. 'plain': the paper's cross entropy; for imbalanced labels "
        "'class_balanced', which weights an image by the rarity of its class among the training "
        "images (Cui et al., CVPR 2019), or 'focal', which weights it by (1 - p)^gamma, p being "
        'the probability given to its class (Lin et al., ICCV 2017)',
        lambda: list(ATTRIBUTE_LOSSES),
        extensible=True,
        read_if=_MIDATTR & _ATTRIBUTES,
    ),
    'class_balance_beta': Key(
        0.999,
        'beta of class_balanced: 0 weights all classes alike; towards 1 the weight is the inverse '
        'of their number of images',
        BELOW_ONE,
        argument='attribute_loss.class_balanced.beta',
        read_if=_MIDATTR & _ATTRIBUTES & is_one_of('midattr.attribute_loss', 'class_balanced'),
    ),
    'focal_gamma': Key(
        2.0,
        'gamma of focal; 0 is the plain loss',
        NOT_NEGATIVE,
        argument='attribute_loss.focal.gamma',
        read_if=_MIDATTR & _ATTRIBUTES & is_one_of('midattr.attribute_loss', 'focal'),
    ),
    'task_weights': Key(
        'fixed',
        "weights of the losses. 'fixed': those of loss_reading; 'uncertainty': these times "
        'factors that are learned, one per loss, starting at 1 (Kendall et al., CVPR 2018)',
        tuple(TASK_WEIGHTS),
        read_if=_MIDATTR,
    ),
    'warmup_epochs': Key(
        0,
        'epochs of linear warm-up before train.lr is reached. The steps of train.stepsize stay at '
        'their epochs; a cosine begins after it and ends at train.max_epoch. Works with every '
        'model and loss',
        NOT_NEGATIVE,
    ),
    'flat_epochs': Key(
        0,
        'epochs at the full rate between the warm-up and a cosine, which ends at train.max_epoch '
        'all the same (the stronger baseline of fast-reid: He et al., 2020). Works with every '
        'model and loss',
        NOT_NEGATIVE,
        read_if=_COSINE,
    ),
    'lr_floor': Key(
        0.0,
        'rate at which a cosine ends (7e-7 in fast-reid). Works with every model and loss',
        NOT_NEGATIVE,
        read_if=_COSINE,
    ),
    'ema_decay': Key(
        0.0,
        'decay of an exponential moving average of weights and running statistics over the steps '
        'of the optimizer, e.g. 0.999; the average is what is tested and saved as the model. After '
        'n steps it is at most (1 + n) / (10 + n), for short trainings. Takes the memory of the '
        'weights once more. 0: none. Works with every model and loss',
        BELOW_ONE,
    ),
    'triplet_weight': Key(
        0.0,
        'weight of midattr.metric_loss, a triplet loss unless told otherwise, on the feature of '
        'each branch, in any loss_reading (Luo et al. use 1). Needs sampler.train_sampler '
        'RandomIdentitySampler',
        NOT_NEGATIVE,
        argument='criterion.triplet_weight',
        read_if=_MIDATTR,
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
    # --- Beyond the paper: augmentation ---
    'augment_probability': Key(
        1.0,
        'share of the training images that the policy of data.transforms is given; 1 in the papers '
        'of the policies, 0.1 for auto_augment in fast-reid. Works with every model and loss',
        Interval(0, 1),
        read_if=condition(
            f'data.transforms has {", ".join(POLICIES)}',
            lambda values: any(name.lower() in POLICIES for name in values['data.transforms']),
        ),
    ),
    # --- Checkpoints ---
    'checkpoint_seconds': Key(
        60.0,
        'a checkpoint is written after an epoch if the last one is older than this, and after the '
        'last epoch and before every test in any case; 0: after every epoch',
        NOT_NEGATIVE,
    ),
    # --- Test ---
    'untrained': Key(
        False,
        'allow test.evaluate without model.load_weights and model.resume: the scores are then '
        'those of random or pretrained weights',
        read_if=is_one_of('test.evaluate', True),
    ),
    'evaluate_first': Key(
        False,
        'test the model also before training, so that the results show what training changed',
    ),
    'validation_images': Key(
        0,
        'number of random training images (sampled with train.seed) that are held out of training '
        'and classified at every test, to choose mu and nu; 100 in section 3.2. In a training '
        'without identities model.pth.tar-best is the checkpoint with the highest balanced '
        'accuracy on them',
        NOT_NEGATIVE,
        read_if=_MIDATTR,
    ),
    'validation_identities': Key(
        0,
        'number of random training identities (sampled with train.seed) that are held out of '
        'training with all their images, and ranked at every test (test.eval_freq); '
        'model.pth.tar-best is then the checkpoint with the highest mAP on them. 0: the highest '
        'mAP on the test images, where its score is therefore too high. Works with every model '
        'and loss, for images',
        NOT_NEGATIVE,
    ),
    'test_flip': Key(
        False,
        'test each image together with its mirror image: descriptors are of the means of both '
        'features, attributes of those of both log-probabilities (PCB: Sun et al., ECCV 2018). '
        'Takes twice the time of extraction. Works with every model and loss',
    ),
    'query_expansion': Key(
        0,
        'number of the nearest gallery images that are added to a query before it is searched for '
        'again (average query expansion: Chum et al., ICCV 2007); 0 for none. Works with every '
        'model and loss, and before test.rerank',
        NOT_NEGATIVE,
    ),
    'query_expansion_alpha': Key(
        3.0,
        'exponent of the cosine by which such an image is weighted (alpha-QE: Radenovic et al., '
        'TPAMI 2018); 0 for equal weights',
        NOT_NEGATIVE,
        read_if=is_above('midattr.query_expansion', 0),
    ),
    # --- Speed and memory (not in the paper) ---
    'precision': Key(
        'fp32',
        "number format of training and feature extraction: 'fp32', of which convolutions on a GPU "
        'keep 10 bits of the mantissa (TF32) unless torch.backends.cudnn.allow_tf32 is False; '
        "'bf16', twice as fast on CPUs and GPUs that have it; 'fp16'",
        tuple(DTYPES),
        argument='engine.precision',
        read_if=_MIDATTR,
    ),
    'compile': Key(
        False,
        'compile the training step with torch.compile, on GPUs with CUDA graphs; where that fails, '
        'a warning says why and it runs uncompiled',
        argument='engine.compile',
        read_if=_MIDATTR,
    ),
    'sync_batch_norm': Key(
        True,
        'with several processes: normalize by the statistics of the whole batch, so that the '
        'result is that of one process. False: by those of the images of each process, which is '
        'faster and needs no such exchange where each has enough images, e.g. 32; the running '
        'statistics are averaged after every epoch. Works with every model and loss',
    ),
    'deterministic': Key(
        False,
        'on a GPU: choose kernels that repeat bit-for-bit where PyTorch has them, and do not '
        'choose the fastest by trial; slower. PyTorch warns of kernels without such a version. On '
        'the CPU runs repeat in any case',
    ),
    'cache': Key(
        'none',
        'where training images are kept after they are decoded and resized, to be augmented a '
        "batch at a time: ram or device (the GPU); none: torchreid's loader decodes them in every "
        'epoch. Works with every model and loss',
        CACHES,
    ),
    'fast_ranking': Key(
        True,
        "rank with this project's code, in every engine. False: with torchreid's Python loops",
    ),
    'ranking_memory': Key(
        0.25,
        'GiB that distances may take; if those between query and gallery need more, e.g. with '
        'market1501.use_500k_distractors, they are computed and ranked in blocks, and so are those '
        'between all images for test.rerank',
        POSITIVE,
    ),
}
for _name, _key in _ROWS.items():
    KEYS.register(f'midattr.{_name}')(_key)

RENAMED_KEYS = {
    'midattr.backbone_weights': 'midattr.weights_file',
    'midattr.weights_name': 'midattr.weights',
}
"""Names of version 0.1, which are still read -> the names that replaced them."""

_RENAMED_WEIGHTS = (
    'IMAGENET1K_V1'  # the default of version 0.1; the own choice of all its backbones
)
_RENAMED_ATTRIBUTES = re.compile(r'\b(upper|lower|shoe)_colour\b')


def present_value(key: str, value: Any) -> Any:
    """Return a value of version 0.1 as it is written today.

    Args:
        key: the key, under the name that was written.
        value: as it was written.
    """
    if key == 'midattr.weights_name' and value == _RENAMED_WEIGHTS:
        return ''  # so that a run of version 0.1 does not seem to be one of other weights
    if key != 'midattr.layer_overrides':
        return value
    if isinstance(value, (list, tuple)):
        return [present_value(key, item) for item in value]
    return _RENAMED_ATTRIBUTES.sub(r'\1_color', value) if isinstance(value, str) else value
