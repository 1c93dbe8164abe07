"""Widgets that live everywhere: in JupyterLab, on a projector, in a page opened from disk."""

from __future__ import annotations

from course_kit.widgets.cost_explorer import CostExplorer
from course_kit.widgets.curriculum_schedule import CurriculumSchedule
from course_kit.widgets.diffusion_stepper import DiffusionStepper
from course_kit.widgets.distance_sampling import DistanceSampling
from course_kit.widgets.fair_comparison import FairComparison
from course_kit.widgets.gradient_arrows import GradientArrows
from course_kit.widgets.importance_pooling import ImportancePooling
from course_kit.widgets.loss_toy import LossToy
from course_kit.widgets.message_passing import MessagePassing
from course_kit.widgets.negative_window import NegativeWindow
from course_kit.widgets.predict import Predict
from course_kit.widgets.quiz import Quiz
from course_kit.widgets.random_walk import RandomWalk
from course_kit.widgets.recall_explorer import RecallExplorer
from course_kit.widgets.shared_cost import SharedCost
from course_kit.widgets.similarity_reader import SimilarityReader
from course_kit.widgets.table_auditor import TableAuditor
from course_kit.widgets.text_or_behaviour import TextOrBehaviour
from course_kit.widgets.training_player import TrainingPlayer
from course_kit.widgets.two_stages import TwoStages
from course_kit.widgets.your_taste import YourTaste

__all__ = [
    "CostExplorer",
    "CurriculumSchedule",
    "DiffusionStepper",
    "DistanceSampling",
    "FairComparison",
    "GradientArrows",
    "ImportancePooling",
    "LossToy",
    "MessagePassing",
    "NegativeWindow",
    "Predict",
    "Quiz",
    "RandomWalk",
    "RecallExplorer",
    "SharedCost",
    "SimilarityReader",
    "TableAuditor",
    "TextOrBehaviour",
    "TrainingPlayer",
    "TwoStages",
    "YourTaste",
]
