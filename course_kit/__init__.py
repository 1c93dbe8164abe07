"""The machinery around the lecture: lessons, widgets, pages, grading, and the `course` command.

Everything here builds on `course_lib`, which holds the lecture itself and knows nothing of this package. By room:

- `lessons`: checks and quizzes of the notebooks, the look at this machine, running notebooks.
- `widgets`: one Python file and one JavaScript file per widget.
- `site`: the pages and slides that open from disk, made from executed notebooks.
- `grading`: assignments, from the solution notebook to the gradebook; start with its own docstring.
- `cli`: the `course` command, one module per subcommand.

Imports run from `cli` down to `lessons`; `widgets` and `grading` never import each other.
"""
