from .areas import free_areas as free_areas
from .areas import joined_areas as joined_areas
from .maker import Area as Area
from .maker import SampleConfig as SampleConfig
from .maker import SampleMaker as SampleMaker
