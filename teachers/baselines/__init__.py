"""Teachers that do not adapt: what every other one is measured against."""

from ...registry import register_teacher

register_teacher("random", "tutelage.teachers.baselines.random:RandomTeacher")
