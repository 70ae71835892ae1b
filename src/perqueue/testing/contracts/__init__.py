"""What every implementation of a protocol must keep, as test classes to subclass."""
