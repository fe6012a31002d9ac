"""Teachers that move a distribution over tasks from an easy start to a target, at the student's pace."""

from ...registry import register_teacher

register_teacher("spdl", "tutelage.teachers.self_paced.spdl:SPDL")
register_teacher("currot", "tutelage.teachers.self_paced.currot:CURROT")
