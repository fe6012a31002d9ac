"""The lab: simulated students on toy spaces, thousands of episodes a second."""
