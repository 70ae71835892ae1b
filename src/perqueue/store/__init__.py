"""Durable state behind one small protocol."""
