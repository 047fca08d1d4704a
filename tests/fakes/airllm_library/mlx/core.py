"""What AirLLM's worker needs of mlx."""


def array(rows):
    return rows
