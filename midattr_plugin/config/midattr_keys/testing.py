"""Keys of a test: when and on which images it is made, and what is done to the descriptors."""

from midattr_plugin.config.condition import is_above, is_one_of
from midattr_plugin.config.key import NOT_NEGATIVE, Key
from midattr_plugin.config.midattr_keys.conditions import MIDATTR

ROWS: dict[str, Key] = {
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
        read_if=MIDATTR,
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
}
