"""What runs inside the sandbox; a folder of its own, since Python looks for modules beside a program."""
