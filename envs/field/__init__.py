"""Field service: crews of people, a vehicle and tools who do jobs at different sites."""
