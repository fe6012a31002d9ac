"""Teachers that move a distribution over tasks from an easy start to a target, at the student's pace."""

from ...registry import register_teacher
