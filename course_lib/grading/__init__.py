"""The assignments: asked, checked, released; and what happens to a class when it hands in."""
