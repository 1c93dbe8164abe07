"""Widgets that live everywhere: in JupyterLab, on a projector, in a page opened from disk."""

from __future__ import annotations

from course_lib.widgets.cost_explorer import CostExplorer
from course_lib.widgets.curriculum_schedule import CurriculumSchedule
from course_lib.widgets.diffusion_stepper import DiffusionStepper
from course_lib.widgets.distance_sampling import DistanceSampling
from course_lib.widgets.fair_comparison import FairComparison
from course_lib.widgets.gradient_arrows import GradientArrows
from course_lib.widgets.importance_pooling import ImportancePooling
from course_lib.widgets.loss_toy import LossToy
from course_lib.widgets.message_passing import MessagePassing
from course_lib.widgets.negative_window import NegativeWindow
from course_lib.widgets.predict import Predict
from course_lib.widgets.quiz import Quiz
from course_lib.widgets.random_walk import RandomWalk
from course_lib.widgets.recall_explorer import RecallExplorer
from course_lib.widgets.shared_cost import SharedCost
from course_lib.widgets.similarity_reader import SimilarityReader
from course_lib.widgets.table_auditor import TableAuditor
from course_lib.widgets.text_or_behaviour import TextOrBehaviour
from course_lib.widgets.training_player import TrainingPlayer
from course_lib.widgets.two_stages import TwoStages

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
]
