"""What commands show of a queue, of its configuration and of plugins; nothing here changes anything."""
