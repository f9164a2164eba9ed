from .page import write_report as write_report
from .share import write_share as write_share
from .statistics import Summary as Summary
from .statistics import fit_inverse_gamma as fit_inverse_gamma
from .statistics import fit_power_law as fit_power_law
from .statistics import summarise as summarise
