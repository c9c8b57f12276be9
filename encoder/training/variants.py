"""Faces made from others: more designs to tell apart than there are fonts to learn from.

A net that has learned its families by heart finds others worse. Each face stretched, or leaning
to the left as hardly any font does, is a face of its own to the losses (Lee et al. 2020,
"Self-supervised label augmentation via input transformations").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from encoder.training.faces import TrainingFace


@dataclass(frozen=True, slots=True)
class Variant:
    """`stretch` times the width, `lean` pixels to the left for each pixel of height."""

    stretch: float = 1.0
    lean: float = 0.0


VARIANTS = (
    Variant(),
    Variant(stretch=0.76),
    Variant(stretch=1.3),
    Variant(lean=0.18),
    Variant(stretch=0.76, lean=0.18),
    Variant(stretch=1.3, lean=0.18),
)


def with_variants(faces: Sequence[TrainingFace]) -> list[TrainingFace]:
    """`faces`, then all of them in every other variant, as groups of their own."""
    groups = max(face.group for face in faces) + 1
    return [
        replace(face, group=face.group + number * groups, variant=number)
        for number in range(len(VARIANTS))
        for face in faces
    ]


def varied(ink: np.ndarray, number: int) -> np.ndarray:
    """Coverage of ink uint8 [H, W] of a face as its variant `number` has it: uint8 [H, W2]."""
    variant = VARIANTS[number]
    if variant == Variant():
        return ink
    height, width = ink.shape
    size = (math.ceil(width * variant.stretch + height * variant.lean), height)
    matrix = np.array([[variant.stretch, variant.lean, 0.0], [0.0, 1.0, 0.0]])
    return cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR)
