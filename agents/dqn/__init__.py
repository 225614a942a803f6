"""A masked DQN priority agent on stable-baselines3."""
