"""Character.AI."""
