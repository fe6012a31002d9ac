"""Schedules of publications by name: budgets, hints, weights of rewards, horizons, resolutions.

A schedule whose moment is a progress runs from 0 to 1; the others say in what they count.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class SchedulePreset(NamedTuple):
    """A schedule as plain data, and what it is the schedule of."""

    schedule: dict[str, Any]
    """What `tutelage.schedules.schedule_of` reads."""
    quantity: str
    """What the value is, and what its moment counts."""


SCHEDULE_PRESETS: dict[str, SchedulePreset] = {
    # Train Long, Think Short: B(t) = max(1, B₀ γ^⌊t/T⌋), three decays of 0.7 from 256.
    "tlts": SchedulePreset(
        {"clip": {"of": {"floor": {"of": {"exponential": {"start": 256, "gamma": 0.7}}}}, "low": 87}},
        "most steps of an episode, by quarters of the training from 0 to 3",
    ),
    # Reinforcement Mid-Training: max(B_min, ⌊800 · 0.2^x⌋).
    "rmt-budget": SchedulePreset(
        {"clip": {"of": {"floor": {"of": {"exponential": {"start": 800, "gamma": 0.2, "smooth": True}}}}, "low": 160}},
        "most steps of an episode, by progress",
    ),
    "rmt-mix": SchedulePreset(
        {"interpolate_mix": {"first": [0.6, 0.3, 0.1], "last": [0.1, 0.3, 0.6], "low": 0.3, "high": 0.7}},
        "weights of three tiers from easy to hard, by progress",
    ),
    # Thinking vs Doing: 10 in the first iteration, 20 in the second and third, then 30, as in their scripts.
    "tti": SchedulePreset({"stage": {"values": [10, 20, 30], "at": [0, 1, 3]}}, "most steps, by iteration from 0"),
    "tti-multiplicative": SchedulePreset(
        {"multiplicative": {"low": 10, "high": 30}}, "most steps, by iteration from 0"
    ),
    "tti-additive": SchedulePreset({"linear": {"start": 10, "end": 30, "duration": 20}}, "most steps, by iteration"),
    # RuscaRL.
    "ruscarl": SchedulePreset({"sigmoid_off": {"x0": 0.2, "k": 125}}, "share of hints, by progress"),
    # SPEAR: γ rises in 200 iterations, μ falls in 100.
    "spear-imitation": SchedulePreset(
        {"cosine": {"start": 0, "end": 1, "duration": 200}}, "weight of self-imitation, by iteration"
    ),
    "spear-tool": SchedulePreset(
        {"cosine": {"start": 1, "end": 0, "duration": 100}}, "weight of the auxiliary reward, by iteration"
    ),
    # CAPE: ⌊T ½ (1 + tanh((e − ½) / 0.2))⌋ of T = 40.
    "cape": SchedulePreset(
        {
            "clip": {
                "of": {"floor": {"of": {"product": [{"tanh": [0.5, 0.2]}, {"constant": 40}]}}},
                "low": 1,
                "high": 40,
            }
        },
        "steps without a guide, of 40, by progress",
    ),
    # EfficientTrain: 160, 192 and 224 pixels from epochs 0, 180 and 240 of 300.
    "efficienttrain": SchedulePreset(
        {"stage": {"values": [160 / 224, 192 / 224, 1.0], "at": [0.0, 0.6, 0.8]}}, "resolution, by progress"
    ),
    # Time-R1, phase 3: the tolerance α rises in 50 batches.
    "time-r1": SchedulePreset(
        {"linear": {"start": 0.07, "end": 0.1, "duration": 50}}, "α of a reward exp(−α · error), by batch"
    ),
    "cyclicreflex": SchedulePreset({"triangle": {"amplitude": 3, "period": 600}}, "any coefficient, by step"),
}
"""By name; `tutelage.schedules.schedule_of` takes these names."""
