"""Random walks through the workflow: a model of it that knows nothing of halfhooks, legal moves, and offences."""
