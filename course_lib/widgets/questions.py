"""The questions of the lessons' quizzes: not in the notebooks, where one would read the answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question with one right option.

    Args:
        text: The question.
        options: What to choose from.
        right: Number of the right option, from 0.
        why: What to tell whoever has answered.
    """

    text: str
    options: tuple[str, ...]
    right: int
    why: str


QUESTIONS = {
    "01": (
        Question(
            "Every score of a user is doubled. What happens to the user's list?",
            ("Nothing", "It is reversed", "It depends on K"),
            0,
            "Only the order within a row enters a list.",
        ),
        Question(
            "A user will like 8 items, K is 4. The largest possible Recall@4?",
            ("1", "0.5", "0.25"),
            1,
            "At most K hits over |P| positives: 4/8.",
        ),
        Question(
            "Training recall, with seen items left out of the lists, is …",
            ("above test recall", "equal to test recall", "0"),
            2,
            "Its positives are just what is left out.",
        ),
        Question(
            "The candidates of stage one hold 60 % of a user's positives. The final recall is …",
            ("at most 0.6", "at least 0.6", "anything, with a good ranker"),
            0,
            "No ranker brings back what was not retrieved.",
        ),
    ),
    "02": (
        Question(
            "Add 3 to all scores of one user. Which loss changes?",
            ("binary", "BPR", "both"),
            0,
            "The constant cancels in every difference within the row.",
        ),
        Question(
            "Recall@1 is 1. Can the BPR loss be 0.5?",
            ("No, it is 0", "Yes", "Only without negatives"),
            1,
            "BPR is above 0 for any finite scores: a right order with small gaps costs.",
        ),
        Question(
            "The items in E_neg are those that the user …",
            ("dislikes", "has no edge to yet", "has rated low"),
            1,
            "The positives to come are among them.",
        ),
        Question(
            "Why softplus instead of log(1 − sigmoid(x))?",
            ("It is faster", "It has a gradient", "It loses nothing for large x"),
            2,
            "In float32 σ(17) rounds to 1, and log 0 is −∞.",
        ),
    ),
    "03": (
        Question(
            "1,000 users, 500 items, D = 32. How many numbers does matrix factorisation learn?",
            ("32,000", "48,000", "500,000"),
            1,
            "A vector of 32 for each of the 1,500 nodes.",
        ),
        Question(
            "Which vectors does one step on (user, positive, negative) move?",
            ("those three", "all neighbours too", "all users"),
            0,
            "Gradients reach the vectors in the loss, and no further.",
        ),
        Question(
            "D = 6, 50 items on the moment curve. For how many choices of three favourites is there a user vector?",
            ("for some", "for all", "for none"),
            1,
            "With D = 2m any m items can be put on top: a small D alone does not forbid memorising.",
        ),
    ),
    "04": (
        Question(
            "A GNN ends with a ReLU. A user's score for an item is …",
            ("in [0, 1]", "never negative", "any number"),
            1,
            "A dot product of two vectors without negative entries.",
        ),
        Question(
            "Two layers that use neighbours only. Whom does a user see?",
            ("users", "items", "both"),
            0,
            "Each layer changes sides.",
        ),
        Question(
            "NGCF's paper takes as the final embedding …",
            ("the last layer", "the mean of the layers", "all layers side by side"),
            2,
            "So that a score is a sum of a dot product for each layer.",
        ),
    ),
    "05": (
        Question(
            "α = (1, 0, 0): LightGCN is …",
            ("popularity", "matrix factorisation", "a GCN"),
            1,
            "Layer 0 alone: nothing is diffused.",
        ),
        Question(
            "At 128 layers, averaged, everybody is recommended …",
            ("noise", "their own taste", "the popular items"),
            2,
            "Ã keeps the direction √d best, and d is popularity.",
        ),
        Question(
            "Two users share one item. Their coefficient after two hops is larger if that item is …",
            ("rare", "popular", "either: it is shared"),
            0,
            "Each shared item counts 1/d.",
        ),
    ),
}
