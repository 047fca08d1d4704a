"""Real classes that stand in for the world; each passes the contract suite of what it stands for."""
