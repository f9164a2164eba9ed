from .compare import CompareConfig as CompareConfig
from .compare import Comparison as Comparison
from .evaluate import Evaluation as Evaluation
from .reference import Reference as Reference
from .reference import read_reference as read_reference
from .scores import Confusion as Confusion
