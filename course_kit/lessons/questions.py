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
    "00": (
        Question(
            "An edge of our MovieLens graph is …",
            ("any rating", "a rating of 4 or 5", "a film watched twice"),
            1,
            "It means “this user liked this film”. Users with fewer than five edges are left out.",
        ),
        Question(
            "Why is MovieLens not in the repository?",
            ("It is too large", "It changes", "Its licence forbids it"),
            2,
            "Everybody downloads it once from its publisher, and the download is checked.",
        ),
        Question(
            "For which data set do we know the true tastes behind the edges?",
            ("campus", "toy", "movielens-100k"),
            0,
            "We generated it ourselves, so we know everybody's tastes.",
        ),
        Question(
            "In these notebooks, K is …",
            ("the number of layers", "the number of hops", "the length of a list"),
            2,
            "The number of layers is L. The slides write K for all three.",
        ),
        Question(
            "Node number U + 3 is …",
            ("user 3", "item 3", "item U + 3"),
            1,
            "Users come first. Items follow, and their numbers start at 0 again.",
        ),
    ),
    "01": (
        Question(
            "Every score of a user is doubled. What happens to the user's list?",
            ("Nothing", "It is reversed", "It depends on K"),
            0,
            "A list depends only on the order within the user's row.",
        ),
        Question(
            "A user will like 8 items, and K is 4. What is the largest possible Recall@4?",
            ("1", "0.5", "0.25"),
            1,
            "There are at most K = 4 hits, and recall divides by |P| = 8.",
        ),
        Question(
            "Training recall, with seen items left out of the lists, is …",
            ("above test recall", "equal to test recall", "0"),
            2,
            "Its positives are exactly the items that are left out.",
        ),
        Question(
            "The candidates of stage one hold 60 % of a user's positives. The final recall is …",
            ("at most 0.6", "at least 0.6", "anything, with a good ranker"),
            0,
            "A ranker cannot bring back an item that stage one missed.",
        ),
        Question(
            "Why are the two diagonal blocks of A zero?",
            ("Nobody likes herself", "No edge joins two users or two items", "To save memory"),
            1,
            "Every edge has a user at one end and an item at the other.",
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
            "BPR is above 0 for any finite scores. Even a right order costs something when the gaps are small.",
        ),
        Question(
            "The items in E_neg are those that the user …",
            ("dislikes", "has no edge to yet", "has rated low"),
            1,
            "Items that she will like later are among them.",
        ),
        Question(
            "Why softplus instead of log(1 − sigmoid(x))?",
            ("It is faster", "It has a gradient", "It stays accurate for large x"),
            2,
            "In float32 σ(17) rounds to 1, and then log(1 − σ) is log 0 = −∞.",
        ),
        Question(
            "Suppose training draws edges at random instead of users. What changes?",
            ("Nothing, on average", "Heavy users count less", "Users count by their number of edges"),
            2,
            "A user with 200 edges is drawn 200 times as often as one with a single edge.",
        ),
    ),
    "03": (
        Question(
            "1,000 users, 500 items, D = 32. How many numbers does matrix factorisation learn?",
            ("32,000", "48,000", "500,000"),
            1,
            "It learns a vector of 32 numbers for each of the 1,500 nodes.",
        ),
        Question(
            "Which vectors does one step on (user, positive, negative) move?",
            ("those three", "all neighbours too", "all users"),
            0,
            "Only the vectors that appear in the loss have a gradient.",
        ),
        Question(
            "D = 6, 50 items on the moment curve. For how many choices of three favourites is there a user vector?",
            ("for some", "for all", "for none"),
            1,
            "With D = 2m, any m items can be put on top, so a small D alone does not prevent memorising.",
        ),
        Question(
            "The loss never compares two users. Why do users with the same taste end up close together?",
            ("They start alike", "The same items pull them", "Weight decay pushes them together"),
            1,
            "They like the same items, and these pull them in the same direction.",
        ),
        Question(
            "Training recall has reached its bound, and test recall has fallen. What helps?",
            ("More epochs", "A larger D", "Weight decay, or a smaller D"),
            2,
            "The model has memorised the training edges, and both make that harder.",
        ),
    ),
    "04": (
        Question(
            "A GNN ends with a ReLU. A user's score for an item is …",
            ("in [0, 1]", "never negative", "any number"),
            1,
            "It is a dot product of two vectors that have no negative entries.",
        ),
        Question(
            "Two layers use neighbours only, without the own vector. Which nodes does a user see?",
            ("users", "items", "both"),
            0,
            "Each layer moves from one side of the graph to the other.",
        ),
        Question(
            "In the paper's NGCF, the final embedding is …",
            ("the last layer", "the mean of the layers", "all layers side by side"),
            2,
            "A score is then the sum of one dot product per layer.",
        ),
        Question(
            "N = 603 nodes, L = 3 layers as taught. At which D does the GNN have as many parameters as the table?",
            ("About 10", "100", "603"),
            1,
            "Solve N · D = L · (2D² + D): D = (N/L − 1)/2.",
        ),
        Question(
            "Matrix factorisation is behind with hardly any weight decay, and ahead with more. What follows?",
            ("A GNN needs no tuning", "Graphs are useless", "Every model must be tuned"),
            2,
            "Otherwise the table shows who was tuned, not which model is better.",
        ),
    ),
    "05": (
        Question(
            "α = (1, 0, 0): LightGCN is …",
            ("popularity", "matrix factorisation", "a GCN"),
            1,
            "Only layer 0 counts, so nothing is diffused.",
        ),
        Question(
            "With the mean of 128 layers, everybody is recommended …",
            ("noise", "their own taste", "the popular items"),
            2,
            "Ã keeps the direction √d best, and the degree d of an item is its popularity.",
        ),
        Question(
            "Two users share one item. Their coefficient after two hops is larger if that item is …",
            ("rare", "popular", "either: it is shared"),
            0,
            "Each shared item adds 1/d to the sum.",
        ),
        Question(
            "Which vector does Ã leave unchanged?",
            ("All ones", "The degrees", "The square roots of the degrees"),
            2,
            "Ã√d = √d, so many layers keep popularity and shrink everything else.",
        ),
        Question(
            "If only the last layer is used, why is W redundant?",
            ("E is free and can absorb it", "ReLU removes it", "It is learnt last"),
            0,
            "EW is just another matrix that E could have learnt. Fixed features could not absorb W.",
        ),
    ),
    "06": (
        Question(
            "Which choice may look at the test edges?",
            ("The epoch to stop at", "The step size", "Neither"),
            2,
            "What was chosen on the test set has already seen the answer.",
        ),
        Question(
            "Why compare two models split by split?",
            ("It makes gaps larger", "What is hard for both is subtracted away", "It needs fewer splits"),
            1,
            "Splits differ more than models do; a paired difference does not see that.",
        ),
        Question(
            "Which opponent makes any new model look good?",
            ("An untuned one", "A linear one", "Popularity"),
            0,
            "A careless weight decay can cost more than a new model gains.",
        ),
        Question(
            "Where is LightGCN the best of the four as edges are taken away?",
            ("With all edges", "In between", "With about five a user"),
            1,
            "With many edges the linear model wins, with very few popularity.",
        ),
        Question(
            "Why is everybody worse on a split by time?",
            ("It has fewer test edges", "Time stamps are noisy", "A random split lets models see the future"),
            2,
            "And tastes drift: what is hidden is unlike what is shown.",
        ),
    ),
    "07": (
        Question(
            "The shares of visits of an ever longer walk with restart tend to …",
            ("the degrees", "personalised PageRank", "equal shares"),
            1,
            "Four times the steps, half the error.",
        ),
        Question(
            "The restart goes to 0. A film's neighbours become …",
            ("the popular films", "the nearest films", "its own fans' films"),
            0,
            "The walk forgets where it began.",
        ),
        Question(
            "Importance pooling chooses T neighbours, and …",
            ("treats them alike", "learns a weight for each", "weighs them by visits"),
            2,
            "The same visits choose and weigh: nothing is learnt there.",
        ),
        Question(
            "Which model can place an item that nobody has rated?",
            ("LightGCN", "PinSAGE", "Neither"),
            1,
            "Its parameters act on features and neighbours; none belongs to one item.",
        ),
        Question(
            "What does layer by layer save over item by item?",
            (
                "A vector is computed once, not for each who needs it",
                "Features are read in order",
                "Nothing, on average",
            ),
            0,
            "Trees of neighbours overlap; whole layers share.",
        ),
    ),
    "08": (
        Question(
            "2,048 pairs, 500 shared negatives. Why is the saving below 2,048?",
            ("Users and positives are embedded either way", "Some negatives are masked", "500 is too few"),
            0,
            "2B vectors remain: (2B + B · N) / (2B + N) is about 224.",
        ),
        Question(
            "Which shared negative must be masked?",
            ("A popular one", "One that was drawn twice", "One the user has an edge to"),
            2,
            "It would push down what she likes. Among billions of pins that hardly happens.",
        ),
        Question(
            "Why are the hardest negatives the worst?",
            ("Their gradient is zero", "Many are positives to come", "There are too few"),
            1,
            "What walks rank highest is what she will like next.",
        ),
        Question(
            "What grows from epoch to epoch in the paper's curriculum?",
            ("Hardness", "The step size", "The number of hard negatives"),
            2,
            "n − 1 at epoch n, each as hard as before.",
        ),
        Question(
            "Weights 1/q in 128 dimensions. Why are distances not uniform?",
            ("Near candidates do not exist", "1/q is too small", "Too few are drawn"),
            0,
            "Almost all lie around √2, and no weight draws what is not there.",
        ),
    ),
    "09": (
        Question(
            "What is trained in the slide's LLM row?",
            ("The encoder", "A layer on top", "Nothing"),
            2,
            "The encoder is frozen; a user is the mean of her films.",
        ),
        Question(
            "Uncentred, text gives nearly everybody the same films. Why?",
            ("All vectors lean to one side", "The encoder knows films", "Popular films have longer texts"),
            0,
            "A mean keeps what they share and loses the rest.",
        ),
        Question(
            "When does text beat LightGCN here?",
            ("With many edges a user", "For items without edges", "Never"),
            1,
            "And where choices are noisy and the text tells all.",
        ),
        Question(
            "Mean precision 0.3, mean recall 0.1. The mean F1 is at most …",
            ("0.3", "0.2", "0.15"),
            2,
            "The harmonic mean is concave: at most 2 · 0.3 · 0.1 / 0.4.",
        ),
        Question(
            "“15 times better”: which baseline do you ask for first?",
            ("A random list", "The popularity list", "A larger encoder"),
            1,
            "It reads nothing, knows nobody, and beats the uncentred text by far.",
        ),
    ),
    "10": (
        Question(
            "Users and items grow with the edges. Which slope has scoring all pairs?",
            ("1", "2", "3"),
            1,
            "Both sides of U × I grow, so their product grows with the square.",
        ),
        Question(
            "Why does a step of PinSAGE stop growing with the catalogue?",
            ("Its receptive field is bounded", "The graph is sparse", "It needs no negatives"),
            0,
            "The batch, T neighbours and L layers bound what a step touches.",
        ),
        Question(
            "Why did diffusion step up between 10⁶ and 3 · 10⁶ edges?",
            ("It has more layers there", "A fit never fits", "Its tables no longer fit the cache"),
            2,
            "The law holds on both sides of the step, with another constant.",
        ),
        Question(
            "What does the standard error of a slope leave out of an extrapolation?",
            ("The noise of the points", "All that is new at the larger size", "The unit of time"),
            1,
            "Memory, network and failures were not in the points.",
        ),
        Question(
            "Why can a task of the cluster be run twice without harm?",
            ("It writes the same file again", "The scheduler forbids it", "The second result is thrown away"),
            0,
            "It reads what finished tasks wrote, and writes its own file again, whole.",
        ),
    ),
}
