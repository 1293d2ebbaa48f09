"""Tensors in, tensors out: LUKE in plain PyTorch."""
