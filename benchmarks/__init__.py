"""What the figures and speeds of the default model are compared with."""
