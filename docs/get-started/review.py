"""Decide what is clear by rules, and leave the rest to a person."""

from datetime import date
from pathlib import Path

from engine import read_inventory, write_geopackage

path = Path("results/inventory.gpkg")
inventory = read_inventory(path)

landslides = inventory.landslides  # a geopandas.GeoDataFrame
wrong = landslides["flags"].str.contains("flat|river-like|road-like|field-shaped")
clear = ~wrong & (landslides["prob_mean"] > 0.7) & (landslides["slope_deg"] > 15)

landslides.loc[clear, "status"] = "accepted"
landslides.loc[wrong, ["status", "reason"]] = ["rejected", "other"]
landslides.loc[clear | wrong, ["reviewer", "reviewed"]] = ["AB", date.today().isoformat()]
write_geopackage(inventory, path)

pending = landslides[~clear & ~wrong]
print(f"{clear.sum()} accepted, {wrong.sum()} rejected, {len(pending)} pending")
print(f"{landslides.loc[clear, 'area_m2'].sum() / 1e6:.2f} km² accepted")
