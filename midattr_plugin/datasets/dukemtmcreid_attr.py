"""DukeMTMC-reID (Zheng et al., ICCV 2017) with the attributes of Lin et al."""

from midattr_plugin import host
from midattr_plugin.datasets.annotated_tree import AnnotatedTreeMixin
from midattr_plugin.schema import DUKEMTMCREID


class DukeMTMCreIDAttr(AnnotatedTreeMixin, host.DukeMTMCreID):
    """10 attributes."""

    schema = DUKEMTMCREID
    num_cameras = 8
    how_to_get = ('DukeMTMC-reID was withdrawn by its authors and is not offered any more, but a '
                  'copy that you hold belongs at '
                  '<data.root>/dukemtmc-reid/DukeMTMC-reID/bounding_box_train')
