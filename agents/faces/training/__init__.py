"""Training of the perceiver: `python -m mirrorplay.agents.faces.training`, `make train-perceiver`.

The only part of the faces that needs torch; nothing else imports it.
"""
