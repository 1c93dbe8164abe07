"""Two hops as a similarity: what the matrix Ã² says of two users, read off the graph."""

from __future__ import annotations

import torch
import traitlets

from course_kit.widgets.graph import GraphWidget
from course_lib.diffusion import normalized_adjacency
from course_lib.graph import InteractionGraph


class SimilarityReader(GraphWidget):
    """Choose two users, cut or add an edge of the second: the coefficient (Ã²) of the two, term by term.

    Args, Raises: as for ``GraphWidget``; there must be two users.

    Source: lecture row 65.
    """

    edges = traitlets.List().tag(sync=True, moves=True)
    first = traitlets.Int(0).tag(sync=True, moves=True)
    second = traitlets.Int(1).tag(sync=True, moves=True)
    item = traitlets.Int(0).tag(sync=True, moves=True)

    def numbers(self) -> dict[str, str]:
        """Number of items both have, and the entry of Ã² for the two users."""
        ends = torch.tensor(self.edges, dtype=torch.long).reshape(-1, 2).T
        graph = InteractionGraph(len(self.users), len(self.items), *ends)
        square = torch.linalg.matrix_power(normalized_adjacency(graph).to_dense(), 2)
        shared = graph.rows(torch.tensor([self.first, self.second])).all(dim=0).sum()
        return {"shared items": f"{shared}", "coefficient": f"{square[self.first, self.second]:.4f}"}
