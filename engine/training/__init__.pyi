from .adapting.adaptation import adapt as adapt
from .experiments.ablation import ablate as ablate
from .recipe import Recipe as Recipe
from .recipe import load_recipe as load_recipe
from .recipe import recipe_names as recipe_names
from .run import train as train
from .run import train_members as train_members
