from .config import CrfConfig as CrfConfig
from .config import InferenceConfig as InferenceConfig
from .detect import Prediction as Prediction
from .detect import predict as predict
from .mask import automatic_threshold as automatic_threshold
from .mask import make_mask as make_mask
from .patches import PatchConfig as PatchConfig
from .patches import predict_patches as predict_patches
