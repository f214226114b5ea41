"""Networks: the catalogue, their weights, how they are trained, and what they predict."""
