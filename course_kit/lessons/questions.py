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
            "A choice made on the test set has already seen the answer.",
        ),
        Question(
            "Why compare two models split by split?",
            ("It makes gaps larger", "What makes a split hard for both cancels", "It needs fewer splits"),
            1,
            "Splits differ more than models do. In a difference on the same split, that part cancels.",
        ),
        Question(
            "Which opponent makes any new model look good?",
            ("One that was not tuned", "A linear one", "Popularity"),
            0,
            "A badly chosen weight decay can cost more recall than a new model gains.",
        ),
        Question(
            "At which number of edges is LightGCN the best of the four models?",
            ("With all edges", "In between", "With about five per user"),
            1,
            "With all edges the linear model wins; with about five, tuned matrix factorisation is as good.",
        ),
        Question(
            "Why is every model worse on a split by time?",
            ("It has fewer test edges", "Time stamps are noisy", "A random split lets models see the future"),
            2,
            "Tastes also drift, so the hidden edges differ from those in training.",
        ),
    ),
    "07": (
        Question(
            "As a walk with restarts gets longer, the shares of its visits tend to …",
            ("the degrees", "personalised PageRank", "equal shares"),
            1,
            "The restarts keep it near its start. Without them, the shares would tend to the degrees.",
        ),
        Question(
            "The restart probability goes to 0. A film's neighbours become …",
            ("the popular films", "the nearest films", "its own fans' films"),
            0,
            "The walk forgets where it began, so every film gets the same neighbours.",
        ),
        Question(
            "Importance pooling chooses T neighbours, and …",
            ("treats them all alike", "learns a weight for each", "weights them by visits"),
            2,
            "The same visits choose the neighbours and weight them. Nothing is learnt there.",
        ),
        Question(
            "Which model can place an item that nobody has rated?",
            ("LightGCN", "PinSAGE", "Neither"),
            1,
            "Its parameters act on features and neighbours, and none of them belongs to one item.",
        ),
        Question(
            "What does layer by layer save over item by item?",
            (
                "A vector is computed once, not once per item that needs it",
                "Features are read in order",
                "Nothing, on average",
            ),
            0,
            "The trees under different items overlap. Layer by layer, each shared vector is computed once.",
        ),
    ),
    "08": (
        Question(
            "With 2,048 pairs and 500 shared negatives, why is the saving less than 2,048 times?",
            ("Users and positives are embedded in any case", "Some negatives are masked", "500 is too few"),
            0,
            "The 2B vectors of the pairs remain, so (2B + B · N) / (2B + N) is only about 224.",
        ),
        Question(
            "Which shared negative must be masked?",
            ("A popular one", "One that was drawn twice", "One the user has an edge to"),
            2,
            "As a negative it would push down an item that she likes. With billions of pins this hardly happens.",
        ),
        Question(
            "Why are the hardest negatives the worst?",
            ("Their gradient is zero", "Many are future positives", "There are too few"),
            1,
            "The items that a walk visits most are often those that the user will like next.",
        ),
        Question(
            "What grows from epoch to epoch in the paper's curriculum?",
            ("Hardness", "The step size", "The number of hard negatives"),
            2,
            "There are n − 1 of them in epoch n, each as hard as before.",
        ),
        Question(
            "In 128 dimensions, why do weights of 1/q not make the distances uniform?",
            ("Near candidates do not exist", "1/q is too small", "Too few are drawn"),
            0,
            "Almost all distances are close to √2, and no weight can draw a point that does not exist.",
        ),
    ),
    "09": (
        Question(
            "What is trained in the slide's LLM row?",
            ("The encoder", "A layer on top", "Nothing"),
            2,
            "The encoder is frozen, and a user's vector is the mean of the vectors of her films.",
        ),
        Question(
            "Without centring, text recommends nearly the same films to every user. Why?",
            ("All vectors lean to one side", "The encoder knows films", "Popular films have longer texts"),
            0,
            "A mean keeps what the vectors have in common and averages out the rest.",
        ),
        Question(
            "When does text beat LightGCN here?",
            ("With many edges per user", "For items without edges", "Never"),
            1,
            "It also wins where choices are noisy and the text tells the taste completely.",
        ),
        Question(
            "The mean precision is 0.3 and the mean recall 0.1. Then the mean F1 is at most …",
            ("0.3", "0.2", "0.15"),
            2,
            "The harmonic mean is concave, so the mean F1 is at most 2 · 0.3 · 0.1 / 0.4.",
        ),
        Question(
            "A table says “15 times better”. Which baseline do you ask for first?",
            ("A random list", "The popularity list", "A larger encoder"),
            1,
            "It reads no text and knows no user, yet it beats the uncentred text by far.",
        ),
    ),
    "10": (
        Question(
            "Users and items grow with the edges. What is the slope of scoring all pairs?",
            ("1", "2", "3"),
            1,
            "U and I both grow in proportion to the edges, so U × I grows with their square.",
        ),
        Question(
            "Why does a step of PinSAGE stop growing with the catalogue?",
            ("Its receptive field is bounded", "The graph is sparse", "It needs no negatives"),
            0,
            "A batch with T neighbours in each of L layers reaches only so many nodes, however large the graph is.",
        ),
        Question(
            "Why did the cost of diffusion jump between 10⁶ and 3 · 10⁶ edges?",
            ("It has more layers there", "No fit is ever exact", "Its tables no longer fit the cache"),
            2,
            "The power law holds on both sides of the jump, with a larger constant beyond it.",
        ),
        Question(
            "What does the standard error of a slope leave out of an extrapolation?",
            ("The noise of the points", "Everything that is new at the larger size", "The unit of time"),
            1,
            "Limits of memory, the network and failures played no part in the measured points.",
        ),
        Question(
            "Why can a task of the cluster be run twice without harm?",
            ("It writes the same file again", "The scheduler forbids it", "The second result is thrown away"),
            0,
            "It reads what finished tasks wrote, and writes its own whole file again.",
        ),
    ),
}
