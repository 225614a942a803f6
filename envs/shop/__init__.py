"""Job shop and flexible job shop on one kernel."""
