"""The report of a run: one document, written as a page and as Markdown.

reading    one pass over the rows: sums by cell and persona
resampling intervals, permutations and effects over personas
contrasts  every cell against a baseline; mixed: the model with a random persona
plots      figures as PNG bytes
document   what a report is made of; writing puts it into a template
sections   what it says: setting, comparison, courses, quality, raters, predictions, replication
"""
