"""The functions of neural networks, a file for each subject. Names are NNlib's and Flux's.

Their rules are in the files of the same names in `gpugrad/rules/`. Activations and losses are
public in `gpugrad`, the others in `gpugrad.nn`.
"""
