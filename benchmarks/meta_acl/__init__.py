"""Comparisons of Meta-ACL: a classroom of former students, and new ones who are taught with it and without."""
