"""What runs attempts: on this machine, and through plugins anywhere else."""
