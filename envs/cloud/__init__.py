"""Cloud manufacturing, and every other shop of general precedence, as one simulator."""
