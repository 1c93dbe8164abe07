"""How far a layer sees: the receptive field of a node, hop by hop."""

from __future__ import annotations

import torch
import traitlets

from course_kit.widgets.graph import GraphWidget
from course_lib.diffusion import normalized_adjacency

LAYERS = 6


class MessagePassing(GraphWidget):
    """Choose a node and a number of layers: which nodes does its vector depend on?

    Args, Raises: as for ``GraphWidget``.

    Source: lecture rows 43–48.
    """

    node = traitlets.Int(0).tag(sync=True, moves=True)
    layers = traitlets.Int(1).tag(sync=True, moves=True)
    own = traitlets.Bool(False).tag(sync=True, moves=True)

    def numbers(self) -> dict[str, str]:
        """How many users and items the node sees: where row ``node`` of the power of A (of A + I) is not zero."""
        step = normalized_adjacency(self.graph).to_dense() + self.own * torch.eye(self.graph.num_nodes)
        sees = torch.linalg.matrix_power(step, self.layers)[self.node] > 0  # (N,)
        users, items = sees.split([self.graph.num_users, self.graph.num_items])
        return {
            "users seen": f"{int(users.sum())} of {len(users)}",
            "items seen": f"{int(items.sum())} of {len(items)}",
        }
