"""A package, so that its tests share graders, which end after the last of them."""
