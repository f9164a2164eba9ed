"""How good a map is: pixel scores, comparison of inventories, and the references that they are
measured against.
"""
