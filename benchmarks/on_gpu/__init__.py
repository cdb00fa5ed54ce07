"""What `benchmarks/gpu.py` measures, in gpugrad and in its peers, and how."""
