"""Late interaction as a loss: its value against plain loops, its gradients, and that it teaches."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from encoder.training.config import LossConfig, ModelConfig
from encoder.training.late_loss import SHOWS, LateInteraction, Seen

PICTURES, FACES, WINDOWS, COLUMNS, HEAD = 5, 3, 4, 6, 7
SCALE = 20.0  # what both scales start at


@pytest.fixture
def loss() -> LateInteraction:
    """Columns of 4 numbers, and weights of the two parts that are not the same."""
    torch.manual_seed(0)
    config = LossConfig(columns=4, late_weight=1.5, near_weight=0.25)
    return LateInteraction(ModelConfig(head=HEAD, dim=8), config)


def seen(count: int, seed: int) -> Seen:
    """As a net would give it, half of the columns blank paper."""
    draw = torch.Generator().manual_seed(seed)
    weights = torch.rand(count, COLUMNS, generator=draw)
    weights[:, ::2] = SHOWS / 2
    vectors = torch.randn(count, 8, generator=draw)
    return Seen(
        torch.randn(count, COLUMNS, HEAD, generator=draw),
        weights,
        vectors / vectors.norm(dim=1, keepdim=True),
    )


def by_hand(
    loss: LateInteraction, asked: Seen, answering: Seen, twins: np.ndarray, own: np.ndarray
) -> tuple[float, float]:
    """Loss and share of right answers, one column, window, face and picture after the other."""
    with torch.no_grad():
        vectors, shares = (part.numpy() for part in loss.head(asked.columns))
        answers = loss.head(answering.columns)[0].numpy()
    late, near = np.zeros((2, PICTURES, FACES))
    for picture in range(PICTURES):
        for face in range(FACES):
            of_face = range(face * WINDOWS, (face + 1) * WINDOWS)
            for column in range(COLUMNS):
                best = max(
                    float(vectors[picture, column] @ answers[window, other])
                    for window in of_face
                    for other in range(COLUMNS)
                    if answering.weights[window, other] > SHOWS
                )
                late[picture, face] += shares[picture, column] * best
            similar = [float(asked.vectors[picture] @ answering.vectors[w]) for w in of_face]
            near[picture, face] = sum(sorted(similar)[-2:]) / 2
    total, right = 0.0, 0
    for picture, mine in enumerate(own):
        rivals = [face for face in range(FACES) if not twins[picture, face]]
        for scores, weight in ((late, 1.5), (near, 0.25)):
            among = np.exp(SCALE * scores[picture, rivals]).sum()
            total -= weight * np.log(np.exp(SCALE * scores[picture, mine]) / among) / PICTURES
        right += max(rivals, key=lambda face: late[picture, face]) == mine
    return total, right / PICTURES


@pytest.mark.parametrize("with_twins", [False, True])
def test_the_loss_is_what_loops_give(loss: LateInteraction, with_twins: bool) -> None:
    """A column counts by its share and its nearest inked column; twins count against nobody."""
    asked, answering = seen(PICTURES, 1), seen(FACES * WINDOWS, 2)
    own = torch.tensor([0, 1, 2, 2, 0])
    twins = torch.zeros(PICTURES, FACES, dtype=torch.bool)
    if with_twins:
        twins[0, 1] = twins[3, 0] = twins[3, 1] = True
    found, right = loss(asked, answering, own, twins)
    expected, expected_right = by_hand(loss, asked, answering, twins.numpy(), own.numpy())
    assert found.item() == pytest.approx(expected, rel=1e-4)
    assert right.item() == pytest.approx(expected_right)


def test_paper_answers_nothing(loss: LateInteraction) -> None:
    """Whatever columns without weight hold, the loss stays the same."""
    asked, answering = seen(PICTURES, 1), seen(FACES * WINDOWS, 2)
    own, twins = torch.tensor([0, 1, 2, 2, 0]), torch.zeros(PICTURES, FACES, dtype=torch.bool)
    columns = answering.columns.clone()
    columns[:, ::2] = asked.columns[0, 0]  # what would answer perfectly
    other = dataclasses.replace(answering, columns=columns)
    assert loss(asked, other, own, twins)[0] == loss(asked, answering, own, twins)[0]


def test_gradients_reach_the_net_and_the_head(loss: LateInteraction) -> None:
    """Columns and vectors of both sides learn, and with twins every gradient is a number."""
    sides = [seen(PICTURES, 1), seen(FACES * WINDOWS, 2)]
    for side in sides:
        side.columns.requires_grad_()
        side.vectors.requires_grad_()
    twins = torch.zeros(PICTURES, FACES, dtype=torch.bool)
    twins[0, 1] = True
    loss(*sides, torch.tensor([0, 1, 2, 2, 0]), twins)[0].backward()
    learned = [tensor for side in sides for tensor in (side.columns, side.vectors)]
    for tensor in (*learned, *loss.parameters()):
        assert tensor.grad is not None and bool(torch.isfinite(tensor.grad).all())
    assert all(float(tensor.grad.abs().max()) > 0 for tensor in learned)  # type: ignore[union-attr]
    assert float(loss.head.project.weight.grad.abs().max()) > 0  # type: ignore[union-attr]
    # Paper of the lines takes no part.
    assert not sides[1].columns.grad[:, ::2].any()  # type: ignore[index]


def test_a_head_learns_what_faces_look_like(loss: LateInteraction) -> None:
    """Faces differ in one number among much noise: forty steps find it."""
    draw = torch.Generator().manual_seed(3)
    marks = torch.tensor([-1.5, 0.0, 1.5])

    def drawn(faces: torch.Tensor) -> Seen:
        some = seen(len(faces), int(torch.randint(10_000, (), generator=draw)))
        columns = some.columns.clone()
        columns[:, :, 0] = 2 * marks[faces][:, None]
        return dataclasses.replace(some, columns=columns)

    optimiser = torch.optim.Adam(loss.parameters(), 0.05)
    twins = torch.zeros(PICTURES, FACES, dtype=torch.bool)
    losses, right = [], []
    for _ in range(40):
        own = torch.randint(FACES, (PICTURES,), generator=draw)
        lines = drawn(torch.arange(FACES).repeat_interleave(WINDOWS))
        found, share = loss(drawn(own), lines, own, twins)
        optimiser.zero_grad()
        found.backward()
        optimiser.step()
        losses.append(found.item())
        right.append(share.item())
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:5])
    assert np.mean(right[-10:]) > 0.9
