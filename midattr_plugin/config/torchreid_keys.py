"""torchreid's configuration keys and their defaults.

torchreid keeps these in its scripts, which its package does not ship. They are declared
here so that a YAML file written for torchreid runs unchanged. Names, types and default
values are torchreid's interface and must stay as they are; what this project adds is in
:mod:`midattr_plugin.config.midattr_keys`.

The type of a default is the type of its key. For a list, it is the type of its items.
"""

TORCHREID_DEFAULTS = {
    'model': {
        'name': 'resnet50',  # any name that torchreid's build_model knows, ours included
        'pretrained': True,  # start from ImageNet weights
        'load_weights': '',  # file of weights to start from; layers that do not fit are left out
        'resume': '',  # checkpoint to continue from: weights, optimizer, schedule and epoch
    },
    'data': {
        'type': 'image',  # 'image' or 'video'
        'root': 'reid-data',  # folder that holds the folders of the datasets
        'sources': ['market1501'],  # trained on
        'targets': ['market1501'],  # tested on, each by itself
        'workers': 4,  # processes that read images; 0 reads in the main process
        'split_id': 0,  # for datasets with several splits; the first is 0
        'height': 256,  # pixels
        'width': 128,  # pixels
        'combineall': False,  # train on query and gallery, too
        'transforms': ['random_flip'],  # random_{flip,crop,patch,erase}, color_jitter
        'k_tfm': 1,  # augmented copies made of each training image
        'norm_mean': [0.485, 0.456, 0.406],  # R, G, B, of values in [0, 1]
        'norm_std': [0.229, 0.224, 0.225],
        'save_dir': 'log',  # folder of checkpoints and logs
        'load_train_targets': False,  # load the targets' training images, too
    },
    'market1501': {
        'use_500k_distractors': False,  # a gallery larger by 500,000 images
    },
    'cuhk03': {
        'labeled_images': False,  # boxes drawn by hand instead of detected ones
        'classic_split': False,  # 20 splits with 100 test identities
        'use_metric_cuhk03': False,  # one gallery image per identity, drawn anew many times
    },
    'sampler': {
        'train_sampler': 'RandomSampler',
        'train_sampler_t': 'RandomSampler',  # the same for data.load_train_targets
        'num_instances': 4,  # images per identity, for RandomIdentitySampler
        'num_cams': 1,  # cameras per batch, for RandomDomainSampler
        'num_datasets': 1,  # datasets per batch, for RandomDatasetSampler
    },
    'video': {
        'seq_len': 15,  # frames taken from a tracklet
        'sample_method': 'evenly',  # 'evenly', 'random' or 'all'
        'pooling_method': 'avg',  # 'avg' or 'max', over the frames' features
    },
    'train': {
        'optim': 'adam',
        'lr': 0.0003,
        'weight_decay': 0.0005,
        'max_epoch': 60,
        'start_epoch': 0,
        'batch_size': 32,
        'fixbase_epoch': 0,  # first epochs in which only open_layers are trained
        'open_layers': ['classifier'],  # names of top-level children of the model
        'staged_lr': False,  # layers outside new_layers learn at lr * base_lr_mult
        'new_layers': ['classifier'],  # names of top-level children of the model
        'base_lr_mult': 0.1,
        'lr_scheduler': 'single_step',
        'stepsize': [20],  # epochs; single_step: a period (the last item), multi_step: milestones
        'gamma': 0.1,  # the rate is multiplied by this at each step
        'print_freq': 20,  # in batches
        'seed': 1,
    },
    'sgd': {
        'momentum': 0.9,  # rmsprop reads it, too
        'dampening': 0.0,
        'nesterov': False,
    },
    'rmsprop': {
        'alpha': 0.99,  # smoothing constant
    },
    'adam': {  # amsgrad and radam read them, too
        'beta1': 0.9,
        'beta2': 0.999,
    },
    'loss': {
        'name': 'softmax',  # 'softmax' and 'triplet' are torchreid's engines, 'midattr' is ours
        'softmax': {
            'label_smooth': True,  # epsilon 0.1; the triplet engine's softmax term reads it, too
        },
        'triplet': {
            'margin': 0.3,
            'weight_t': 1.0,  # of the triplet term
            'weight_x': 0.0,  # of the softmax term
        },
    },
    'test': {
        'batch_size': 100,
        'dist_metric': 'euclidean',  # 'euclidean' or 'cosine'
        'normalize_feature': False,  # L2-normalize descriptors before comparing them
        'ranks': [1, 5, 10, 20],  # of the CMC curve that are printed
        'evaluate': False,  # do not train, only test
        'eval_freq': -1,  # test every so many epochs; -1: only after the last
        'start_eval': 0,  # no test before this epoch
        'rerank': False,  # k-reciprocal re-ranking; only with test.evaluate
        'visrank': False,  # draw the ranked lists; only with test.evaluate
        'visrank_topk': 10,  # gallery images in each drawing
    },
}

# Keys of older torchreid files that do nothing any more: read, reported and ignored.
DEPRECATED_KEYS = ('test.visactmap',)
