"""What the experiment log did with its tables, done by our own code.

Every function takes published tables and returns a text in the form in which the number is published,
or that text and a remark.
"""
