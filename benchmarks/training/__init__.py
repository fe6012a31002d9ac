"""One training run: what is checked, played, written down, interrupted and resumed."""
