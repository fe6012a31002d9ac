"""Walks through MiniGrid by breadth-first search and does one subgoal after the other, as a person would."""

from __future__ import annotations

from collections import deque

LEFT, RIGHT, FORWARD, PICK_UP, DROP, TOGGLE, WAIT = range(7)
AROUND = ((1, 0), (0, 1), (-1, 0), (0, -1))


class Walker:
    """Plays an episode that has been reset; `last` is what the last step returned."""

    def __init__(self, env):
        self.env, self.world = env, env.unwrapped
        self.last = None
        self.steps = 0

    @property
    def here(self):
        return int(self.world.agent_pos[0]), int(self.world.agent_pos[1])

    def act(self, *actions):
        for action in actions:
            self.last = self.env.step(action)
            self.steps += 1

    def do(self, cell):
        """Do what there is to do in a cell."""
        content = self.world.grid.get(*cell)
        if content is None or content.type == "goal" or (content.type == "door" and content.is_open):
            self.go_beside(cell)
            self.step_to(cell)
        elif content.type in ("key", "ball"):
            self.empty_hands(cell)
            self.go_beside(cell)
            self.act(PICK_UP)
        elif content.type == "box":
            self.go_beside(cell)
            self.act(TOGGLE)
        elif content.type == "door":
            if content.is_locked:
                self.fetch_key(content.color, cell)
            self.go_beside(cell)
            self.act(TOGGLE)
        else:
            raise ValueError(f"There is nothing to do with a {content.type}.")

    def fetch_key(self, color, door):
        carried = self.world.carrying
        if carried is not None and (carried.type, carried.color) == ("key", color):
            return
        keys = [cell for cell in self.cells() if self.is_key(cell, color)]
        self.empty_hands(keys[0], door)
        self.go_beside(keys[0])
        self.act(PICK_UP)

    def empty_hands(self, *targets):
        """Put down what is carried, where it is in the way of none of the targets."""
        if self.world.carrying is None:
            return
        for place in self.reachable():
            for beside in neighbours(place):
                free = self.world.grid.get(*beside) is None and beside not in (place, *targets)
                if free and all(self.path_beside(target, start=place, blocked=beside) for target in targets):
                    for cell in self.path(place)[1:]:
                        self.step_to(cell)
                    if beside == self.here:
                        continue
                    self.face(beside)
                    self.act(DROP)
                    return
        raise ValueError("There is nowhere to put it down.")

    def go_beside(self, target):
        """Walk to a neighbour of the target and look at it."""
        for cell in self.path_beside(target)[1:]:
            self.step_to(cell)
        self.face(target)

    def step_to(self, cell):
        self.face(cell)
        content = self.world.grid.get(*cell)
        if content is not None and content.type == "door" and not content.is_open:
            self.act(TOGGLE)
        self.act(FORWARD)
        assert self.here == cell or self.last[2] or self.last[3]

    def face(self, cell):
        wanted = AROUND.index((cell[0] - self.here[0], cell[1] - self.here[1]))
        turns = (wanted - self.world.agent_dir) % 4
        self.act(*([LEFT] if turns == 3 else [RIGHT] * turns))

    # --- Search --------------------------------------------------------------------------------------------------

    def cells(self):
        return [(x, y) for x in range(self.world.grid.width) for y in range(self.world.grid.height)]

    def is_key(self, cell, color):
        content = self.world.grid.get(*cell)
        return content is not None and (content.type, content.color) == ("key", color)

    def is_free(self, cell):
        """Whether one can walk there; closed doors are opened on the way, and the goal would end the episode."""
        content = self.world.grid.get(*cell)
        return content is None or (content.type == "door" and not content.is_locked)

    def came_from(self, start, blocked=None):
        """Breadth-first: for each cell that can be reached, in order of distance, the one before it."""
        found = {start: None}
        queue = deque([start])
        while queue:
            place = queue.popleft()
            for cell in neighbours(place):
                inside = 0 <= cell[0] < self.world.grid.width and 0 <= cell[1] < self.world.grid.height
                if inside and cell not in found and cell != blocked and self.is_free(cell):
                    found[cell] = place
                    queue.append(cell)
        return found

    def reachable(self):
        return list(self.came_from(self.here))

    def path(self, goal, start=None, blocked=None):
        found = self.came_from(start or self.here, blocked)
        path = [goal]
        while found[path[-1]] is not None:
            path.append(found[path[-1]])
        return path[::-1]

    def path_beside(self, target, start=None, blocked=None):
        """The shortest path to a neighbour of a target, or an empty one."""
        found = self.came_from(start or self.here, blocked)
        for cell in found:
            if cell in neighbours(target):
                return self.path(cell, start, blocked)
        return []


def neighbours(cell):
    return [(cell[0] + dx, cell[1] + dy) for dx, dy in AROUND]
