"""The configuration keys that this project adds, all of them under ``midattr``.

This file is the reference of the keys. Each comment gives the paper's symbol or section
(Zhang and Xu, 2018). A key is set in a YAML file::

    midattr:
      attribute_layer: res4f
      layer_overrides: ['age=res5c']

or on the command line, as in ``midattr.mu 1.0``.

The model reads these keys only if ``model.name`` is one of ours (``midattr_...``), the loss
only if ``loss.name`` is ``midattr``, which is the value that torchreid's key gains.
"""

MIDATTR_DEFAULTS = {
    # --- Model (section 2.1) ---
    # Which branches exist. 'global': conv5, global average pooling (pool5). 'local': the
    # part branch, a copy of conv5 with horizontal average pooling (pool5_1).
    'branches': ['global', 'local'],
    # Layer on which the attributes are recognized: 'res3d', 'res4f' or 'res5c' (the ends of
    # conv3, conv4 and conv5, cut into 4 horizontal parts) or 'pool5' (the pooled feature).
    # Section 2.1 takes res3d; tables 4 and 5 compare the layers. Beyond the paper: 'mixture', a
    # sum of what is recognized on res3d, res4f and res5c, whose weights each attribute learns.
    'attribute_layer': 'res3d',
    # Attributes that are read from another layer than attribute_layer, each '<attribute>=<layer>',
    # as 'age=res4f' (end of section 3.5).
    'layer_overrides': [],
    # Channels of each row of the part branch after its 1x1 convolution (section 2.1). The
    # paper gives no number.
    'part_dim': 256,
    # Rows into which the part branch cuts the conv5 map (7 in section 2.1). 0: one per row of
    # the map, which has ceil(data.height / 32) rows, twice as many if last_stride is 1.
    'part_rows': 0,
    # Probability of the dropout before each identity classifier (section 2.1). The paper
    # gives no number.
    'dropout': 0.5,
    # What a model in test mode returns: 'fused' (the L2-normalized features of all branches,
    # concatenated; section 3.3), 'global' or 'local'.
    'descriptor': 'fused',
    # --- Beyond the paper: model ---
    # Batch normalization without a shift between each branch's feature and its classifier, which
    # then has no bias; the descriptor is taken behind it, the features of a triplet loss before
    # it (BNNeck: Luo et al., Bag of Tricks, CVPRW 2019, who have no dropout). The layers are
    # named bnneck and bnneck_part, for train.new_layers and train.open_layers.
    'bnneck': False,
    # Stride of conv5 in both branches: 2, or 1 for a map of twice the rows and columns (Luo et
    # al.), which needs about four times the work in conv5.
    'last_stride': 2,
    # --- Pretrained weights (section 3.2), read only if model.pretrained is True ---
    # File with torchvision's weights of the backbone. '': they are fetched by name.
    'backbone_weights': '',
    # torchvision's name for the weights, as 'IMAGENET1K_V1'.
    'weights_name': 'IMAGENET1K_V1',
    # --- Loss (section 2.2, Eq. 3; values from section 3.2) ---
    # mu: weight of the identity loss of the global branch.
    'mu': 5.0,
    # nu: weight of the identity loss of the part branch.
    'nu': 4.0,
    # Weight of the loss of each attribute.
    'attribute_weight': 0.1,
    # What mu and nu are measured in. The text of section 3.2 has two readings:
    # 'attribute_units': weight * (mu * L_global + nu * L_local + sum of L_att), under which an
    #     identity loss weighs 8 to 9 times an attribute loss, as the text says it does;
    # 'literal': mu * L_global + nu * L_local + weight * sum of L_att.
    'loss_reading': 'attribute_units',
    # --- Beyond the paper: losses and schedule ---
    # Loss of an attribute, for labels that are unbalanced: 'plain', the paper's cross entropy;
    # 'class_balanced', which weights an image by the rarity of its class among the training
    # images (Cui et al., CVPR 2019); 'focal', which weights it by (1 - p)^gamma, p being the
    # probability given to its class (Lin et al., ICCV 2017).
    'attribute_loss': 'plain',
    # beta of class_balanced: 0 weights all classes alike, towards 1 it is the inverse of their
    # number of images.
    'class_balance_beta': 0.999,
    # gamma of focal; 0 is the plain loss.
    'focal_gamma': 2.0,
    # Weights of the losses: 'fixed', those above; 'uncertainty', those above times factors that
    # are learned, one per loss, from 1 on (Kendall et al., CVPR 2018).
    'task_weights': 'fixed',
    # Epochs in which the learning rate rises evenly, before train.lr is reached. The steps of
    # train.stepsize stay at their epochs; a cosine begins then and ends at train.max_epoch. Works
    # with every model and loss.
    'warmup_epochs': 0,
    # Weight of a batch-hard triplet loss on the feature of each branch, with the margin
    # loss.triplet.margin (Hermans et al., 2017; Luo et al. use 1 and 0.3), whatever loss_reading
    # is. Needs sampler.train_sampler RandomIdentitySampler. Read only if loss.name is 'midattr'.
    'triplet_weight': 0.0,
    # --- Test ---
    # Test the model once before training, too, so that the results show what training changed
    # (not in the paper).
    'evaluate_first': False,
    # Random training images (drawn from train.seed) that are held out of training and recognized
    # at every test, to choose mu and nu on; 100 in section 3.2. Only if loss.name is 'midattr'.
    'validation_images': 0,
    # --- Speed and memory (not in the paper; the results stay the same) ---
    # Number format of training and feature extraction: 'fp32'; 'bf16', two times as fast on
    # processors and GPUs that have it; 'fp16'. Read only if loss.name is 'midattr'.
    'precision': 'fp32',
    # Compile the training step with torch.compile, on GPUs with CUDA graphs; where that fails,
    # a warning says why and it runs uncompiled. Read only if loss.name is 'midattr'.
    'compile': False,
    # Training images decoded and resized once, and augmented a batch at a time: 'none' (torchreid's
    # loader), 'ram', or 'device' (kept on the GPU). Works with every model and loss.
    'cache': 'none',
    # Rank by this project's code, whichever engine asks. False: by torchreid's Python loops.
    'fast_ranking': True,
    # GiB that the distances between query and gallery may take. More of them, as with
    # market1501.use_500k_distractors, are computed and ranked in blocks of that size.
    'ranking_memory': 1.0,
    # --- Annotations (section 3.1) ---
    # The annotators' .mat file of each dataset. '': looked for beside the images, then fetched.
    'annotations': {
        'market1501': '',
        'dukemtmcreid': '',
    },
}
