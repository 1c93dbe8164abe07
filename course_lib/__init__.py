"""The lecture "GNNs for Recommender Systems" as tested implementations, small enough to read in an evening.

Data takes one way through the modules, and this is also an order to read them in:

1. ``graph`` (users, items, edges, splits) and ``datasets`` (``load`` a graph by its name)
2. ``metrics`` (recall and its relatives) and ``losses`` (binary, BPR, softmax)
3. ``models``, and what they are made of: ``diffusion``, ``walks``, ``negatives``, ``features``
4. ``training`` (``fit``), ``retrieval`` (lists of items), ``evaluation`` (``evaluate``, ``compare``), ``comparison``
5. ``figures``; and for large catalogues ``growth`` and ``cluster``

The rest serves these: ``arguments`` words the errors; ``download``, ``origins`` and ``campus`` are behind ``load``.
Import from the module you need: ``from course_lib.metrics import top_k``. A new idea of the lecture gets a module of
its own, with its name. It imports what stands above or beside it in this list. Its test is ``tests/test_<module>.py``.

"Source: lecture row 33" in a docstring: the course numbers the statements of the lecture from 1 to 89, in their order.
The table of them, with slide, notebook, function and test, is ``docs/lecture_map.md`` in the course's repository.
Letters have one meaning: U users, I items, E edges, N = U + I nodes (users first), D embedding size, K list length,
L layers, B rows of a batch.
"""

__version__ = "0.1.0"
