"""Problems, schedules, and what every family shares."""
