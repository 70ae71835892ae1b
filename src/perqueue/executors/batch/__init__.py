"""What all batch systems have in common: what runs commands and keeps account of jobs, around a pure dialect."""
