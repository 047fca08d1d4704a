"""Git repositories, and the changes that agents propose to them."""
