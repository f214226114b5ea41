"""What the Snakefile needs and nobody else: no other part of the library imports this one."""
