"""The level buffer in plain Python: everything is computed for all levels whenever it is needed."""

import numpy as np


class PlainBuffer:
    """What `LevelBuffer` does, one entry a dict."""

    def __init__(
        self,
        capacity,
        *,
        prioritization="rank",
        temperature=0.3,
        top_k=1,
        staleness=0.3,
        replace="support",
        strict=False,
        rule="mean",
    ):
        self.capacity, self.prioritization, self.temperature, self.top_k = capacity, prioritization, temperature, top_k
        self.staleness, self.replace, self.strict, self.rule = staleness, replace, strict, rule
        self.entries, self.clock, self.tick = [], 0, 0

    def by_rank(self):
        """Slots from the best rank to the worst."""
        return sorted(range(len(self.entries)), key=lambda s: (-self.entries[s]["score"], self.entries[s]["tick"]))

    def by_score(self):
        """P_S by slot."""
        n, scores = len(self.entries), np.array([e["score"] for e in self.entries])
        ranks = np.empty(n)
        ranks[self.by_rank()] = np.arange(1, n + 1)
        if self.prioritization == "rank":
            weights = (1.0 / ranks) ** (1.0 / self.temperature)
        elif self.prioritization == "top-k":
            weights = (ranks <= self.top_k).astype(float)
        elif self.prioritization == "softmax":
            weights = np.exp((scores - scores.max()) / self.temperature)
        else:
            weights = np.maximum(scores, 0.0) + (1e-3 if self.staleness == 0.0 else 0.0)
            weights = (weights / max(weights.max(), 1e-300)) ** (1.0 / self.temperature)
        return weights / weights.sum() if weights.sum() > 0.0 else np.full(n, 1.0 / n)

    def by_age(self):
        """P_C by slot."""
        ages = np.array([self.clock - e["stamp"] for e in self.entries], dtype=float)
        return ages / ages.sum() if ages.sum() > 0.0 else np.full(len(ages), 1.0 / len(ages))

    def probabilities(self):
        return (1.0 - self.staleness) * self.by_score() + self.staleness * self.by_age()

    def draw(self, uniforms):
        """Draw with given uniform numbers, (n, 2): which distribution, and where in it, from the best rank on."""
        slots = []
        for which, where in uniforms:
            order = self.by_rank()
            weights = self.by_age() if which < self.staleness else self.by_score()
            cumulative = np.cumsum(weights[order])
            slot = order[min(int(np.searchsorted(cumulative, where * cumulative[-1], side="right")), len(order) - 1)]
            self.clock += 1
            self.entries[slot].update(stamp=self.clock, restart=True)
            slots.append(slot)
        return slots

    def find(self, task):
        for slot, entry in enumerate(self.entries):
            if entry["task"] == tuple(task):
                return slot
        return -1

    def score_of(self, entry):
        if self.rule == "learnability":
            p = (entry["values"] + 1.0) / (entry["count"] + 2.0)
            return p * (1.0 - p)
        mean = entry["values"] / entry["count"]
        if self.rule == "max_mc":
            return entry["best"] - mean
        return mean if self.rule == "mean" or entry["solved"] else 0.0

    def add(self, entry, value, episode_return, solved, restart):
        keep = 0.9 if self.rule == "learnability" else float(not (restart or entry["restart"]))
        entry["values"] = keep * entry["values"] + value
        entry["count"] = keep * entry["count"] + 1.0
        entry["best"] = max(entry["best"], episode_return)
        entry["solved"] |= solved
        entry["restart"] = False

    def update(self, tasks, values, returns, solved, restart):
        new, touched = {}, {}
        for i, task in enumerate(map(tuple, tasks)):
            slot = self.find(task)
            if slot >= 0:
                entry = self.entries[slot]
                touched[slot] = i
            else:
                entry = new.setdefault(task, {"task": task, "values": 0.0, "count": 0.0, "best": -np.inf, "first": i})
                entry.setdefault("solved", False)
                entry.setdefault("restart", False)
                entry["tick"] = self.tick + i
            self.add(entry, values[i], returns[i], solved[i], restart[i])
        for slot, i in touched.items():
            self.entries[slot].update(score=self.score_of(self.entries[slot]), tick=self.tick + i)
        for entry in new.values():
            entry.update(score=self.score_of(entry), stamp=self.clock)
            if len(self.entries) < self.capacity:
                self.entries.append(entry)
                continue
            worst = self.by_rank()[::-1]
            p = self.probabilities() if self.replace == "support" else np.array([e["score"] for e in self.entries])
            slot = worst[0] if self.replace == "score" else worst[int(np.argmin(p[worst]))]
            old = self.entries[slot]["score"]
            if entry["score"] > old or (entry["score"] == old and not self.strict):
                self.entries[slot] = entry
        self.tick += len(tasks)
        return [self.find(task) for task in tasks]
