"""The swarm: tasks, auctions, agents and the work they do."""
