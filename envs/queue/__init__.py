"""Task queues and resource pools: tasks with demands share the capacity of nodes."""
