"""Objects of a notebook: images, explanations, results and finished studies, which print themselves."""
