"""Losses against naive loops, and batches in which there is nothing to learn."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from encoder.training.config import LOSSES, LossConfig
from encoder.training.losses import make_loss

GROUPS = torch.tensor([0, 0, 1, 1, 1, 2])
FACES = torch.tensor([0, 1, 2, 2, 3, 4])
FACE_GROUP = torch.tensor([0, 0, 1, 1, 2])


def _vectors(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(6, 8, generator=generator, dtype=torch.float64))


PAIR_LOSSES = ("supcon", "clip", "contrastive", "triplet")


def _loss(kind: str, **constants: float | str) -> torch.nn.Module:
    torch.manual_seed(1)
    return make_loss(kind, LossConfig(**constants), FACE_GROUP, 8).double()


def test_supcon_is_its_formula() -> None:
    """Khosla 2020, eq. 2, written as loops over anchors and positives."""
    v, t = _vectors(), 0.2
    total, anchors = 0.0, 0
    for i in range(6):
        others = [a for a in range(6) if a != i]
        positives = [p for p in others if GROUPS[p] == GROUPS[i]]
        if not positives:
            continue
        bottom = sum(math.exp(float(v[i] @ v[a]) / t) for a in others)
        terms = [math.log(math.exp(float(v[i] @ v[p]) / t) / bottom) for p in positives]
        total -= sum(terms) / len(terms)
        anchors += 1
    found = _loss("supcon", temperature=t)(v, GROUPS, FACES)
    assert float(found) == pytest.approx(total / anchors, rel=1e-9)


def test_triplet_takes_the_hardest_of_the_batch() -> None:
    """The furthest positive and the nearest negative of each anchor, by loops."""
    v, margin = _vectors(), 0.3
    terms = []
    for i in range(6):
        gaps = [1 - float(v[i] @ v[j]) for j in range(6)]
        positives = [gaps[j] for j in range(6) if j != i and GROUPS[j] == GROUPS[i]]
        negatives = [gaps[j] for j in range(6) if GROUPS[j] != GROUPS[i]]
        if positives and negatives:
            terms.append(max(0.0, max(positives) - min(negatives) + margin))
    found = _loss("triplet", margin=margin)(v, GROUPS, FACES)
    assert float(found) == pytest.approx(sum(terms) / len(terms), rel=1e-9)


def test_margin_softmax_sums_over_the_faces_of_a_group() -> None:
    """The probability of a group is that of all its faces, the margin taken off each of them."""
    loss = _loss("margin-softmax", scale=8.0, margin=0.15, face_weight=0.25)
    v = _vectors()
    proxies = functional.normalize(loss.proxies.detach())
    group_terms, face_terms = [], []
    for i in range(6):
        powers = []
        for face in range(5):
            own = int(FACE_GROUP[face]) == int(GROUPS[i])
            powers.append(math.exp(8.0 * (float(v[i] @ proxies[face]) - 0.15 * own)))
        own_sum = sum(p for f, p in enumerate(powers) if FACE_GROUP[f] == GROUPS[i])
        group_terms.append(-math.log(own_sum / sum(powers)))
        face_terms.append(-math.log(powers[int(FACES[i])] / sum(powers)))
    expected = 0.75 * sum(group_terms) / 6 + 0.25 * sum(face_terms) / 6
    assert float(loss(v, GROUPS, FACES).detach()) == pytest.approx(expected, rel=1e-6)


def test_semi_hard_negatives_lie_past_the_positive() -> None:
    """For every pair the nearest stranger that is further, or the furthest of all, by loops."""
    v, margin = _vectors(3), 0.3
    terms = []
    for i in range(6):
        gaps = [1 - float(v[i] @ v[j]) for j in range(6)]
        strangers = [gaps[j] for j in range(6) if GROUPS[j] != GROUPS[i]]
        for p in range(6):
            if p != i and GROUPS[p] == GROUPS[i]:
                past = [gap for gap in strangers if gap > gaps[p]]
                negative = min(past) if past else max(strangers)
                terms.append(max(0.0, gaps[p] - negative + margin))
    found = _loss("triplet", margin=margin, mining="semi-hard")(v, GROUPS, FACES)
    assert float(found) == pytest.approx(sum(terms) / len(terms), rel=1e-9)


def test_contrastive_pulls_pairs_and_pushes_strangers_to_the_margin() -> None:
    """Hadsell 2006, eq. 4, over the pairs of a batch, equal and unequal ones averaged apart."""
    v, margin = _vectors(), 1.2
    near, far = [], []
    for i in range(6):
        for j in range(i + 1, 6):
            gap = float((v[i] - v[j]).norm())
            if GROUPS[i] == GROUPS[j]:
                near.append(gap**2)
            else:
                far.append(max(0.0, margin - gap) ** 2)
    expected = (sum(near) / len(near) + sum(far) / len(far)) / 2
    found = _loss("contrastive", margin=margin)(v, GROUPS, FACES)
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_clip_asks_for_the_partner_both_ways() -> None:
    """The first two of groups 0 and 1 are pairs, group 2 has none; scale 1 / 0.07 at first."""
    v = _vectors()
    pairs = [(0, 1), (2, 3)]
    total = 0.0
    for a, b in pairs:
        there = [math.exp(float(v[a] @ v[other]) / 0.07) for _, other in pairs]
        back = [math.exp(float(v[b] @ v[other]) / 0.07) for other, _ in pairs]
        own = math.exp(float(v[a] @ v[b]) / 0.07)
        total -= math.log(own / sum(there)) + math.log(own / sum(back))
    found = _loss("clip")(v, GROUPS, FACES)
    assert float(found.detach()) == pytest.approx(total / 4, rel=1e-6)


def test_clip_finds_pairs_in_any_order() -> None:
    """A shuffled batch has the same pairs when each group has two pictures."""
    groups = torch.tensor([0, 0, 1, 1, 2, 2])
    order = torch.tensor([4, 0, 2, 5, 1, 3])
    v, loss = _vectors(), _loss("clip")
    shuffled, sorted_ = loss(v[order], groups[order], FACES), loss(v, groups, FACES)
    assert float(shuffled.detach()) == pytest.approx(float(sorted_.detach()), rel=1e-9)


def test_softmax_is_a_linear_classifier_of_groups() -> None:
    """Cross entropy of scaled vectors under the layer's own weights."""
    loss, v = _loss("softmax", scale=5.0), _vectors()
    weights, bias = loss.classify.weight.detach(), loss.classify.bias.detach()
    total = 0.0
    for i in range(6):
        logits = [float(5.0 * v[i] @ weights[g] + bias[g]) for g in range(3)]
        total -= logits[int(GROUPS[i])] - math.log(sum(math.exp(x) for x in logits))
    assert float(loss(v, GROUPS, FACES).detach()) == pytest.approx(total / 6, rel=1e-9)


@pytest.mark.parametrize("kind", PAIR_LOSSES)
@pytest.mark.parametrize("groups", [[0, 1, 2, 3, 4, 5], [0] * 6])
def test_a_batch_without_pairs_still_goes_backward(kind: str, groups: list[int]) -> None:
    """No positive, or no negative: a finite loss and finite gradients."""
    v = _vectors().requires_grad_()
    loss = _loss(kind)(v, torch.tensor(groups), FACES)
    loss.backward()
    assert math.isfinite(float(loss.detach()))
    assert torch.isfinite(v.grad).all()
    if len(set(groups)) == 6:
        assert float(loss.detach()) == 0.0


# A plain classifier may keep pictures of a family apart: half a space each is enough.
@pytest.mark.parametrize("kind", [kind for kind in LOSSES if kind != "softmax"])
def test_one_batch_can_be_learned(kind: str) -> None:
    """Descending on one batch brings the loss down and two pictures of one face together."""
    loss = _loss(kind, margin=0.1)
    free = torch.nn.Parameter(torch.randn(6, 8, dtype=torch.float64))
    optimiser = torch.optim.Adam([free, *loss.parameters()], lr=0.05)
    values = []
    for _ in range(150):
        value = loss(functional.normalize(free), GROUPS, FACES)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        values.append(float(value.detach()))
    floor = min(values)
    assert floor < 0.5 * values[0]
    similar = functional.normalize(free.detach())
    assert float(similar[2] @ similar[3]) > float(similar[2] @ similar[0]) + 0.3
