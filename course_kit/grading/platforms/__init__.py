"""Grading where a course already lives: Gradescope, GitHub, and the notebooks of nbgrader and Otter."""
