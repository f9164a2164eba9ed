"""From a mask to a landslide inventory: polygons, attributes, GeoPackage."""
