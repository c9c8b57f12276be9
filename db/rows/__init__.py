"""What one transaction reads and writes, a module for each kind of row."""
