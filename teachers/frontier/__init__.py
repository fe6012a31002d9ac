"""Teachers that keep the student at the edge of what it can do: neither mastered nor out of reach."""

from ...registry import register_teacher

register_teacher("adr", "tutelage.teachers.frontier.adr:ADR")
register_teacher("gaussian-oracle", "tutelage.teachers.frontier.gaussian_oracle:GaussianOracle")
register_teacher("oracle", "tutelage.teachers.frontier.oracle:Oracle")
register_teacher("goal-gan", "tutelage.teachers.frontier.goal_gan:GoalGAN")
register_teacher("setter-solver", "tutelage.teachers.frontier.setter_solver:SetterSolver")
