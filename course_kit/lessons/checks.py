"""The checks of the lessons: not in the notebooks, where one would read the answers before thinking."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Check:
    """A question of a lesson: its answer, what known mistakes arrive at.

    Args:
        answer: The right number.
        hints: Wrong number → what to tell whoever arrives at it.
        tolerance: Distance that still counts as equal.
    """

    answer: float
    hints: Mapping[float, str] = field(default_factory=dict)
    tolerance: float = 0.01


CHECKS = {
    "00 edges per user": Check(55361 / 938, {55361 / 1447: "That is the number of edges per item."}, tolerance=0.5),
    "01 density": Check(
        12 / 24,
        {
            24 / 100: "That is the share of ones in A, but A also has cells that can never be an edge.",
            1.0: "The ones in A count each edge twice.",
        },
    ),
    "01 recall": Check(2 / 5, {1.0: "You divided by K, or by min(|P|, K) as LensKit does. Recall divides by |P|."}),
    "01 auc": Check(
        5 / 6,
        {
            1 / 6: "Those are the pairs in the wrong order.",
            5.0: "That many pairs are in the right order. Divide by the number of all pairs.",
            0.5: "That is the AUC of P N N N P.",
            4 / 6: "That is the AUC of N P P N N.",
        },
    ),
    "02 equal scores": Check(
        math.log(2),
        {
            0.0: "σ(0) is 1/2, not 1.",
            0.5: "That is σ(0). The loss is minus its logarithm.",
            -math.log(2): "The minus sign is missing.",
            1.0: "That uses the logarithm to base 2; use the natural logarithm.",
        },
    ),
    "02 best shift": Check(
        4.0,
        {
            -4.0: "That pushes the edge further down.",
            1.0: "Then the edge lies at 0 and the non-edge at −6. Higher, she gains more on the edge than she loses.",
            7.0: "Then the non-edge lies at 0 and the edge at 6. Lower, she gains more on the non-edge than she loses.",
            8.0: "That is minus the sum of both scores. Halve it: c is added to each of the two.",
        },
    ),
    "03 parameters": Check(
        500 * 64,
        {
            300 * 200 * 64: "Each node has a vector, not each pair of nodes.",
            300 * 64: "Items need vectors too.",
            200 * 64: "Users need vectors too.",
            500: "That is the number of vectors. How many numbers are in each?",
        },
    ),
    "03 steps": Check(
        5,
        {
            4: "Ada is four hops from Dan, but Dan himself only changes at step 1.",
            3: "Dan and Cleo are two hops apart, not one, and so are Cleo and Ada.",
        },
    ),
    "04 two layers": Check(
        24,
        {
            6: "That is the score after one layer.",
            0: "That is the score before any layer.",
            21.5: "The first layer has a ReLU too.",
            37: "That adds the sum of the neighbours; the layer takes their mean.",
            15: "You used v0 after one layer; the second layer changes it too.",
            11: "You used u0 after one layer; the second layer changes it too.",
        },
    ),
    "04 floor": Check(
        math.log(2),
        {
            0.0: "The part of the edges can go to 0. Can the part of the negatives go to 0 as well?",
            0.5: "That is the probability; the loss is minus its logarithm.",
            -math.log(2): "The minus sign is missing.",
            2 * math.log(2): "Edges can score high, so their part can go to 0.",
            1.0: "That uses the logarithm to base 2; use the natural logarithm.",
        },
    ),
    "04 layers": Check(
        3,
        {
            2: "Cleo is two hops from Dan, but Dan himself only changes in layer 1.",
            4: "Layer 1 already changes Dan.",
            5: "That is the number for Ada.",
        },
    ),
    "04 parameters": Check(
        2 * (2 * 100**2 + 100),
        {
            2 * 2 * 100**2: "Each layer has a bias of 100 numbers as well.",
            2
            * (
                2 * 100**2 + 2 * 100
            ): "That has two biases per layer, as the authors' code does; as taught there is one.",
            2 * (100**2 + 100): "The input of a layer is a concatenation: 200 numbers in, 100 out.",
            2 * 100**2 + 100: "That is the number for one layer.",
            2385 * 100: "That is the number in the table.",
        },
    ),
    "05 entry": Check(
        1 / math.sqrt(50 * 8),
        {
            1 / (50 * 8): "Take the square root of the product.",
            1 / 50: "That divides by the user's degree alone; the film's degree counts too.",
            1 / 8: "That divides by the film's degree alone; the user's degree counts too.",
            math.sqrt(50 * 8): "That is what one divides by: the entry is one over it.",
            1 / (math.sqrt(50) + math.sqrt(8)): "The two roots are multiplied, not added.",
        },
    ),
    "05 two hops": Check(
        (1 / 3 + 1 / 2) / math.sqrt(12),
        {
            1 / 3 + 1 / 2: "Divide by the square root of the users' degrees too.",
            (1 / 3 + 1 / 2) / 12: "The users' degrees stand under a square root.",
            2 / math.sqrt(12): "Each shared film adds 1/d to the sum, not 1.",
        },
    ),
    "06 best of 28": Check(
        2.01,
        {
            0.0: "That is the mean of a single score. How high is the best of 28?",
            1.0: "The best of four scores would be about there. A grid of 28 has more chances.",
            4.28: "That is the best of 100,000. The maximum runs over the wrong axis.",
        },
        tolerance=0.05,
    ),
    "06 standard errors": Check(
        2.44,
        {
            1.09: "You divided by the standard deviation of one difference. The error of the mean is smaller by √5.",
            2.73: "Your standard deviation divides by n. With n − 1 it is a little larger.",
            0.0035: "That is a difference in recall. How many standard errors fit into the mean?",
        },
        tolerance=0.02,
    ),
    "06 item-knn": Check(
        0.0736 / 0.0411,
        {
            0.0411 / 0.0736: "Divide the other way round: ItemKNN by LightGCN.",
            0.0736 - 0.0411: "That is the difference. Divide instead.",
            0.0639 / 0.0649: "That is the ratio on Yelp2018.",
            0.1570 / 0.1830: "That is the ratio on Gowalla.",
        },
    ),
    "07 walk": Check(
        2 / 3,
        {
            2 / 10: "You divided by all ten steps, but some arrive at users, and two at the start.",
            1 / 3: "Do arrivals at the start count? And you need those at The Last Airlock, not at The Noodle Trial.",
            1 / 2: "The Last Airlock was visited twice: follow step 5 once more.",
        },
    ),
    "07 convolve": Check(
        0.6,
        {
            0.9: "Divide the vector by its length at the end.",
            0.7: "That is the first number of the pooled vector alone.",
            0.8: "That is the second number of z, not the first.",
            (2 / 3 + 0.2)
            / math.hypot(2 / 3 + 0.2, 2 / 3 + 0.7): "You took the plain mean. Weight each neighbour by its visits.",
            7.2 / math.hypot(7.2, 5.7): "Divide the visits by their sum, 10, to get the weights.",
        },
        tolerance=0.005,
    ),
    "07 pairs": Check(
        55361 - 938,
        {
            55361: "A user's last film has no film after it.",
            55361 - 1: "The last film of one user and the first film of the next do not make a pair.",
            55361 / 938: "That is the number of edges per user.",
        },
        tolerance=0.5,
    ),
    "07 tree": Check(
        (1 + 51) / 2,
        {
            51: "That is layer 1 alone. Add layer 2, then divide by the two convolutions per film of layer by layer.",
            52: "That is the size of one tree. Divide it by the two convolutions per film of layer by layer.",
            51 / 2: "The film itself is needed in both layers.",
            50 / 2: "The film itself is needed in both layers.",
            (1 + 51 + 51**2) / 2: "The lowest level only reads features. No convolution happens there.",
            51**2: "That counts the features that are read, not the convolutions.",
        },
    ),
    "08 saving": Check(
        (2 * 2048 + 2048 * 500) / (2 * 2048 + 500),
        {
            2048: "That is for the negatives alone. The pairs themselves must be embedded in any case.",
            (2048 + 2048 * 500) / (2048 + 500): "A pair has two ends: write 2B, not B.",
            2048 * 500 / (2 * 2048 + 500): "With own negatives, the pairs must be embedded too.",
            501: "The denominator has the shared N once, not B times.",
            500: "That is N.",
        },
        tolerance=0.5,
    ),
    "08 own positives": Check(
        64 * 100 / 1447,
        {
            100 / 1447: "That is for one shared negative, but there are 64.",
            64 / 1447: "That is for a user who likes a single film.",
            64 / 100: "Divide by the number of all films.",
        },
        tolerance=0.01,
    ),
    "08 one of ten": Check(
        1 - 0.88**10,
        {
            1.2: "A probability above 1? That is how many of the ten are false on average.",
            0.88**10: "That is the probability that none of them is false.",
            0.12**10: "That is the probability that all of them are false.",
            0.12: "That is the probability for a single one of them.",
            10 * 0.12 * 0.88**9: "That is the probability of exactly one. The question is about at least one.",
        },
    ),
    "09 toy score": Check(
        0.78,
        {
            0.78 / 0.9**0.5: "You brought her mean to length 1. The score takes the mean as it is.",
            2 * 0.78: "That is the sum over her films. Divide it by their number.",
            0.6: "That is the score with Orbit of Glass alone.",
            0.96: "That is the score with Moons for Hire alone.",
            0.3: "That is her score for Bread at Midnight.",
        },
        tolerance=0.005,
    ),
    "09 f1": Check(
        2 * 0.00329 * 0.00119 / (0.00329 + 0.00119),
        {
            0.00329 * 0.00119 / (0.00329 + 0.00119): "The formula has a factor of 2.",
            (0.00329 + 0.00119) / 2: "That is the arithmetic mean; F1 is the harmonic one.",
            (0.00329 * 0.00119) ** 0.5: "That is the geometric mean; F1 is the harmonic one.",
            0.0071: "That is what the slide prints.",
            2 * 0.01023 * 0.05234 / (0.01023 + 0.05234): "That is the F1 of the GNN's row.",
        },
        tolerance=0.00002,
    ),
    "09 implied f1": Check(
        0.0071 / (1 - 0.5460),
        {
            0.0071 * 1.5460: "You added 54.60 % of the LLM's number. What was lost is 54.60 % of the GNN's number.",
            0.0071 / 0.5460: "0.0071 is what remains, not what was lost.",
            0.0071 * (1 - 0.5460): "The LLM's number is the smaller one, so the GNN's must be larger than it.",
        },
        tolerance=0.0001,
    ),
    "10 slope": Check(
        math.log10(32),
        {
            32.0: "That is the factor. The slope is its logarithm.",
            3.2: "That is how many times more each edge costs. 10 to the power of what is 32?",
            math.log(32): "Take the logarithm to base 10, because there are ten times as many edges.",
            math.log2(32): "Take the logarithm to base 10, because there are ten times as many edges.",
        },
        tolerance=0.02,
    ),
    "10 all pairs": Check(
        2 * 1e12 * 64 / 1e11,
        {
            1e12 * 64 / 1e11: "Each of the 64 numbers takes a multiplication *and* an addition.",
            2e12 / 1e11: "One score is a dot product of 64 numbers, so it takes more than one or two operations.",
            1e12 / 1e11: "One score is a dot product of 64 numbers, so it takes more than one or two operations.",
        },
        tolerance=1,
    ),
}


# Question → a first step, for whoever makes the same mistake twice, and the way to the answer.
WORKED = {
    "00 edges per user": ("Both numbers stand in the line about the graph.", "55,361 edges / 938 users = 59.0."),
    "01 density": ("How many pairs are there of 4 users and 6 items?", "12 edges / (4 · 6) pairs = 0.5."),
    "01 recall": ("|P| is the number of films that she will like.", "2 hits / 5 films that she will like = 0.4."),
    "01 auc": (
        "How many N stand behind the first P, and how many behind the second?",
        "Three N stand behind the first P and two behind the second: (3 + 2) / 6 = 0.833.",
    ),
    "02 equal scores": ("The loss of one pair is −log σ(difference).", "−log σ(0) = −log(1/2) = log 2 = 0.693."),
    "02 best shift": (
        "Write down both scores with c added: −1 + c and −7 + c.",
        "−1 + c must be as far above 0 as −7 + c is below it: −1 + c = 7 − c, so c = 4.",
    ),
    "03 parameters": ("There are 300 users and 200 items. How many rows is that?", "(300 + 200) · 64 = 32,000."),
    "03 steps": (
        "The first step changes Dan; each further step carries the difference one hop on.",
        "Step 1 for Dan, then four hops (film, Cleo, film, Ada): 1 + 4 = 5.",
    ),
    "04 two layers": (
        "A layer adds a node's own vector and the mean of its neighbours, then applies the ReLU.",
        "u0: (2, 1) + mean of (1, 4) and (1, 0) = (3, 3). v0: (1, 4) + (2, 1) = (3, 5). 3 · 3 + 3 · 5 = 24.",
    ),
    "04 floor": ("No score is below 0. What is σ(0)?", "At s = 0, −log(1 − σ(0)) = −log(1/2) = log 2 = 0.693."),
    "04 layers": ("Dan to Cleo: Dan – film – Cleo.", "Layer 1 for Dan, then two hops: 1 + 2 = 3."),
    "04 parameters": (
        "A matrix D × 2D and a bias of D numbers make one layer.",
        "2 · (100 · 200 + 100) = 2 · 20,100 = 40,200.",
    ),
    "05 entry": ("The two degrees are 50 and 8.", "1 / √(50 · 8) = 0.05."),
    "05 two hops": ("Each shared film adds 1/d.", "(1/3 + 1/2) / √(3 · 4) = 0.241."),
    "06 best of 28": (
        "`.max(dim=1).values` gives the best of each row of 28.",
        "torch.randn(100_000, 28).max(dim=1).values.mean() is 2.01.",
    ),
    "06 standard errors": (
        "The mean of the five differences is 0.005.",
        "The standard deviation is 0.00458, the standard error 0.00458 / √5 = 0.00205, and 0.005 / 0.00205 = 2.44.",
    ),
    "06 item-knn": ("Take both numbers from the column Amazon-Book.", "0.0736 / 0.0411 = 1.79."),
    "07 walk": (
        "Steps 3 and 10 lead home, and users do not count.",
        "Three arrivals are at other films, two of them at The Last Airlock: 2/3.",
    ),
    "07 convolve": (
        "n = .5 · (1, 0) + .3 · (0, 1) + .2 · (1, 1) = (0.7, 0.5).",
        "h + n = (0.9, 1.2), which has length 1.5: 0.9 / 1.5 = 0.6.",
    ),
    "07 pairs": ("A user with d films gives d − 1 pairs.", "55,361 − 938 = 54,423."),
    "07 tree": (
        "Film by film: one convolution in layer 2, and 1 + 50 in layer 1.",
        "(1 + 51) / 2 = 26.",
    ),
    "08 saving": (
        "2B = 4,096, and B · N = 1,024,000.",
        "(4,096 + 1,024,000) / (4,096 + 500) = 223.7.",
    ),
    "08 own positives": ("64 draws, each with the same probability.", "64 · 100 / 1,447 = 4.42."),
    "08 one of ten": ("One film is a true negative with probability 0.88.", "1 − 0.88 to the power of 10 = 0.721."),
    "09 toy score": (
        "The mean of her two arrows is (0.9, 0.3).",
        "(0.9, 0.3) · (0.6, 0.8) = 0.54 + 0.24 = 0.78.",
    ),
    "09 f1": ("The sum below is 0.00448.", "2 · 0.00329 · 0.00119 / 0.00448 = 0.00175."),
    "09 implied f1": ("0.0071 is 45.4 % of what?", "0.0071 / (1 − 0.546) = 0.0156."),
    "10 slope": ("Use `math.log10` or `np.log10`.", "log10(32) = 1.505."),
    "10 all pairs": (
        "There are a million times a million scores.",
        "10¹² scores · 128 operations / 10¹¹ operations per second = 1,280 seconds.",
    ),
}
