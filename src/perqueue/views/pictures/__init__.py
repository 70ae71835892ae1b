"""Pictures of submissions: what may happen and what did, as boxes and arrows, and drawn."""
