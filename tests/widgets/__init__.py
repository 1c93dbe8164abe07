"""A package, so that its tests share one browser and it is closed after the last of them."""
