"""A generator of levels: a PPO whose episodes build a level and whose reward comes when students have played it.

All levels of a batch are built in parallel. What the policy did is remembered by the id of the level; the reward, given
for the last step, may come late, in any order, or never. A level that never comes back teaches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...randomness import own_randomness
from ..state_checks import counter, finite_array, number
from .generator_config import MOST_OPEN, GeneratorConfig
from .space_builder import Builder

FloatArray = NDArray[np.float64]
Trajectory = dict[str, NDArray[Any]]
"""What the policy saw and did while it built a level: arrays whose first axis is the steps."""

BuilderMaker = Callable[[int], Builder]
"""Makes a builder of n levels, an environment's ``level_builder``."""

_LARGEST_REWARD = 1e6
"""Rewards are cut off there, so that PPO's squares fit into single precision."""

_OBSERVATION = "observation"
_NUMBERS = ("reward", "loss", "value_loss", "entropy")


class LevelGenerator:
    """Builds levels by a policy, and improves it by the rewards of the levels that come back.

    Args:
        make_builder: Makes a builder of n levels (`Builder`).
        config: Hyperparameters.
        rng: Seeds the networks.

    Attributes:
        n_updates: How often it has learned.
        n_dropped: How often what it learned was NaN and was forgotten.
        n_steps: How many steps of building it has taken.

    Example:
        >>> from tutelage import TaskSpace
        >>> from tutelage.teachers.regret.space_builder import SpaceBuilder
        >>> space, rng = TaskSpace(x=(0.0, 1.0)), np.random.default_rng(0)
        >>> generator = LevelGenerator(lambda n: SpaceBuilder(n, space), GeneratorConfig(update_levels=64), rng)
        >>> for first in range(0, 64 * 40, 64):
        ...     levels = generator.build(64, first, rng)
        ...     generator.reward(range(first, first + 64), levels[:, 0])  # the higher x the better
        ...     learned = generator.learn(rng)
        >>> generator.n_updates, bool(generator.build(64, 9999, rng).mean() > 0.8)
        (40, True)
    """

    def __init__(self, make_builder: BuilderMaker, config: GeneratorConfig, rng: np.random.Generator) -> None:
        self.make_builder, self.config = make_builder, config
        probe = make_builder(1)
        self.horizon = int(probe.horizon)
        self._spaces = probe.observation_space, probe.action_space
        self._learner = self._new_learner(int(rng.integers(2**31)))
        self._open: dict[int, Trajectory] = {}
        self._rewards: dict[int, float] = {}
        self.n_updates = self.n_dropped = self.n_steps = 0
        self._latest = dict.fromkeys(_NUMBERS, 0.0)

    def _new_learner(self, seed: int) -> Any:
        from .builder_policy import make_learner

        with own_randomness(seed):
            return make_learner(*self._spaces, self.horizon, self.config)

    # --- Building ------------------------------------------------------------------------------------------------

    def build(self, n: int, first_id: int, rng: np.random.Generator) -> FloatArray:
        """Build levels.

        Args:
            n: How many, at least 1.
            first_id: The id of the first one; the others follow.
            rng: All that is random is drawn from it.

        Returns:
            Shape ``(n, d)``.
        """
        from .builder_policy import act, first_states

        builder, policy = self.make_builder(n), self._learner.policy
        policy.set_training_mode(False)
        columns: dict[str, list[NDArray[Any]]] = {}
        observation = builder.reset(rng)
        states, starts = first_states(n, self.config), np.ones(n)
        with own_randomness(int(rng.integers(2**31))):
            for _ in range(self.horizon):
                seen = _parts(observation)
                if states is not None:
                    seen["states"] = _state_array(states)
                actions, values, log_probs, states = act(policy, observation, states, starts)
                starts = np.zeros(n)
                step = {"action": actions.numpy(), "value": values.numpy().ravel(), "log_prob": log_probs.numpy()}
                for name, part in {**seen, **step}.items():
                    columns.setdefault(name, []).append(part)
                observation = builder.step(_within(step["action"], self._spaces[1]))
        stacked = {name: np.stack(parts, axis=1) for name, parts in columns.items()}  # levels first
        for i in range(max(0, n - MOST_OPEN), n):
            self._open[first_id + i] = {name: part[i] for name, part in stacked.items()}
        while len(self._open) > MOST_OPEN:
            oldest = next(iter(self._open))
            del self._open[oldest]
            self._rewards.pop(oldest, None)
        self.n_steps += n * self.horizon
        return builder.tasks()

    # --- Learning ------------------------------------------------------------------------------------------------

    def reward(self, ids: Iterable[int], rewards: FloatArray) -> None:
        """Take note of what levels were worth; ids of others, and of levels that have come back before, are ignored.

        Args:
            ids: The levels' ids, n of them.
            rewards: Finite, shape ``(n,)``.
        """
        for level_id, value in zip(ids, np.asarray(rewards, dtype=np.float64).tolist(), strict=True):
            if level_id in self._open and level_id not in self._rewards:
                self._rewards[level_id] = value

    @property
    def n_waiting(self) -> int:
        """How many levels have come back and were not yet learned from."""
        return len(self._rewards)

    def learn(self, rng: np.random.Generator, scale: Callable[[FloatArray], FloatArray] | None = None) -> bool:
        """Improve the policy if enough levels have come back.

        Args:
            rng: All that is random is drawn from it.
            scale: Is given the rewards and returns what is learned from.

        Returns:
            Whether it did. What became NaN is forgotten (`n_dropped`).
        """
        if len(self._rewards) < self.config.update_levels:
            return False
        rewards = np.array(list(self._rewards.values()))
        trajectories = [self._open.pop(level_id) for level_id in self._rewards]
        self._rewards = {}
        self._latest["reward"] = float(rewards.mean())
        scaled = np.clip(rewards if scale is None else scale(rewards), -_LARGEST_REWARD, _LARGEST_REWARD)
        before = self._weights()
        learner = self._learner
        learner.rollout_buffer = self._rollout(trajectories, scaled)
        with own_randomness(int(rng.integers(2**31))), np.errstate(all="ignore"):
            try:
                learner.train()
                after = self._weights()
                sound = all(np.isfinite(after[name]).all() for name in ("parameters", "adam_mean", "adam_square"))
            except ValueError:  # of torch's distributions, whose parameters became NaN
                sound = False
        learner.rollout_buffer.reset()  # its arrays are no longer needed
        self.n_updates += 1
        logged = learner.logger.name_to_value
        if sound:
            values = logged["train/loss"], logged["train/value_loss"], -logged["train/entropy_loss"]
            self._latest.update(zip(_NUMBERS[1:], map(float, np.nan_to_num(values)), strict=True))
        else:
            self._set_weights(before)
            self.n_dropped += 1
        return True

    def _rollout(self, trajectories: list[Trajectory], rewards: FloatArray) -> Any:
        """A full rollout buffer whose environments are the levels."""
        import torch

        k, learner = len(trajectories), self._learner
        shape: tuple[Any, ...] = (self.horizon, *self._spaces)
        extra = {"device": learner.device, "gamma": learner.gamma, "gae_lambda": learner.gae_lambda, "n_envs": k}
        if self.config.recurrent:
            shape = (*shape, (self.horizon, 1, k, self.config.lstm))
        buffer = type(learner.rollout_buffer)(*shape, **extra)
        stacked = {name: np.stack([t[name] for t in trajectories], axis=1) for name in trajectories[0]}
        for name, part in stacked.items():  # steps first, then levels
            kind, _, key = name.partition(":")
            if kind == _OBSERVATION:
                (buffer.observations[key] if key else buffer.observations)[:] = part
        buffer.actions[:] = stacked["action"].reshape(buffer.actions.shape)
        buffer.values[:], buffer.log_probs[:] = stacked["value"], stacked["log_prob"]
        buffer.episode_starts[0] = 1.0
        buffer.rewards[-1] = rewards  # facts of PAIRED: the regret is the reward of the last edit
        if self.config.recurrent:
            names = ("hidden_states_pi", "cell_states_pi", "hidden_states_vf", "cell_states_vf")
            for j, name in enumerate(names):
                getattr(buffer, name)[:] = np.moveaxis(stacked["states"][:, :, j], 1, 2)
        buffer.pos, buffer.full = self.horizon, True
        buffer.compute_returns_and_advantage(last_values=torch.zeros(k), dones=np.ones(k))
        return buffer

    # --- What it shows, and state --------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """Return the mean reward, losses and entropy of the latest update, and how many there were."""
        return {
            **{f"builder_{name}": value for name, value in self._latest.items()},
            "builder_steps": float(self.n_steps),
            "builder_updates": float(self.n_updates),
            "builder_dropped": float(self.n_dropped),
        }

    def _weights(self) -> dict[str, Any]:
        """All parameters and Adam's two moments, as vectors, and its number of steps."""
        import torch

        optimizer, parameters = self._learner.policy.optimizer, list(self._learner.policy.parameters())
        entries = [optimizer.state.get(p, {}) for p in parameters]

        def vector(name: str) -> NDArray[np.float32]:
            parts = [e.get(name, torch.zeros_like(p)) for e, p in zip(entries, parameters, strict=True)]
            joined: NDArray[np.float32] = torch.cat([part.detach().reshape(-1) for part in parts]).numpy().copy()
            return joined

        return {
            "parameters": torch.cat([p.detach().reshape(-1) for p in parameters]).numpy().copy(),
            "adam_mean": vector("exp_avg"),
            "adam_square": vector("exp_avg_sq"),
            "adam_steps": int(max(float(e.get("step", 0.0)) for e in entries)),
        }

    def _set_weights(self, weights: Mapping[str, Any]) -> None:
        import torch

        optimizer, parameters = self._learner.policy.optimizer, list(self._learner.policy.parameters())
        optimizer.state.clear()
        at = 0
        with torch.no_grad():
            for p in parameters:
                part = slice(at, at := at + p.numel())
                tensors = [
                    torch.from_numpy(np.array(weights[name][part], dtype=np.float32)).reshape(p.shape)
                    for name in ("parameters", "adam_mean", "adam_square")
                ]
                p.copy_(tensors[0])
                if weights["adam_steps"]:
                    steps = torch.tensor(float(weights["adam_steps"]))
                    optimizer.state[p] = {"step": steps, "exp_avg": tensors[1], "exp_avg_sq": tensors[2]}

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue identically, as plain data."""
        names = list(next(iter(self._open.values()))) if self._open else []
        return {
            "config": asdict(self.config),
            "horizon": self.horizon,
            "weights": self._weights(),
            "ids": np.array(list(self._open), dtype=np.int64),
            "trajectories": {name: np.stack([t[name] for t in self._open.values()]) for name in names},
            "rewarded": np.array(list(self._rewards), dtype=np.int64),
            "rewards": np.array(list(self._rewards.values()), dtype=np.float64),
            "n_updates": self.n_updates,
            "n_dropped": self.n_dropped,
            "n_steps": self.n_steps,
            "latest": dict(self._latest),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict` was called.

        Raises:
            ValueError: The state of another kind of generator, or a damaged one; nothing has changed.
        """
        for name, mine in {**asdict(self.config), "horizon": self.horizon}.items():
            theirs = state["horizon"] if name == "horizon" else dict(state["config"]).get(name)
            if theirs != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this generator has {name}={mine!r}.")
        count = len(self._weights()["parameters"])
        given = state["weights"]
        weights: dict[str, Any] = {
            name: finite_array(given, name, (count,), np.float32, low=0.0 if name == "adam_square" else None)
            for name in ("parameters", "adam_mean", "adam_square")
        }
        weights["adam_steps"] = counter(given, "adam_steps")
        ids = finite_array(state, "ids", (None,), np.int64, low=0)
        shapes = self._shapes()
        if len(ids) and set(state["trajectories"]) != set(shapes):
            raise ValueError(f"Its trajectories have {sorted(state['trajectories'])}, expected {sorted(shapes)}.")
        columns = {
            name: finite_array(state["trajectories"], name, (len(ids), self.horizon, *shape), dtype)
            for name, (shape, dtype) in (shapes.items() if len(ids) else ())
        }
        if len(ids) and hasattr(self._spaces[1], "n"):
            finite_array(state["trajectories"], "action", (len(ids), self.horizon), low=0, high=self._spaces[1].n - 1)
        rewarded = finite_array(state, "rewarded", (None,), np.int64)
        rewards = finite_array(state, "rewards", (len(rewarded),))
        if len(set(ids.tolist())) < len(ids):
            raise ValueError("Its entry 'ids' holds a level twice.")
        if not set(rewarded.tolist()) <= set(ids.tolist()):
            raise ValueError("Its rewards belong to other levels than those it waits for.")
        latest = {name: number(state["latest"], name) for name in _NUMBERS}
        counts = [counter(state, name) for name in ("n_updates", "n_dropped", "n_steps")]
        self._set_weights(weights)
        self._open = {
            level_id: {name: column[i] for name, column in columns.items()} for i, level_id in enumerate(ids.tolist())
        }
        self._rewards = dict(zip(rewarded.tolist(), rewards.tolist(), strict=True))
        self._latest = latest
        self.n_updates, self.n_dropped, self.n_steps = counts

    def _shapes(self) -> dict[str, tuple[tuple[int, ...], Any]]:
        """The shape and type of what is remembered of a step."""
        seen, action = self._spaces
        parts = {f"{_OBSERVATION}:{key}": s for key, s in seen.spaces.items()} if hasattr(seen, "spaces") else None
        shapes = {name: (space.shape, space.dtype) for name, space in (parts or {_OBSERVATION: seen}).items()}
        shapes |= {"value": ((), np.float32), "log_prob": ((), np.float32), "action": (action.shape, action.dtype)}
        if self.config.recurrent:
            shapes["states"] = ((4, 1, self.config.lstm), np.float32)
        return shapes

    def __getstate__(self) -> dict[str, Any]:
        return {"make_builder": self.make_builder, "config": self.config, "state": self.state_dict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["make_builder"], state["config"], np.random.default_rng(0))  # type: ignore[misc]
        self.load_state_dict(state["state"])


def _parts(observation: Any) -> dict[str, NDArray[Any]]:
    if isinstance(observation, dict):
        return {f"{_OBSERVATION}:{key}": part for key, part in observation.items()}
    return {_OBSERVATION: observation}


def _state_array(states: Any) -> NDArray[np.float32]:
    """Hidden and cell states of actor and critic, shape ``(n, 4, layers, units)``."""
    tensors = [*states.pi, *states.vf]
    array: NDArray[np.float32] = np.stack([tensor.numpy() for tensor in tensors]).transpose(2, 0, 1, 3).copy()
    return array


def _within(actions: NDArray[Any], space: Any) -> NDArray[Any]:
    """Actions that the builder accepts; a Gaussian goes beyond its bounds."""
    return np.clip(actions, space.low, space.high) if hasattr(space, "low") else actions
