"""The functions of neural networks, a file for each subject. Names are NNlib's and Flux's.

Each function has its derivative below it, and there, too, its kernels are registered, by
`implement(f, CudaArray)(kernel)`; what has neither is written in terms of others. Activations and
losses are public in `gpugrad`, the others in `gpugrad.nn`.

It imports `rules` and what is below, and not the layers. In the order of reading:

- `activations`, `gates`: elementwise functions, a line of derivative for each. `softmax`, over an
  axis: a rule by hand, and kernels beside it.
- `dense`: a layer in as few steps as there are kernels for.
- `losses`: what losses have in common; then `regression`, `classification`, `binary`, `margins` and
  `ctc`.
- `standardise` and `normalisation`, which is made of it; `dropout`, with `randomness`.
- `embedding`; `attention`.
- `layout`: how a window lies on an array; `windows`; `convolution` and `pooling`, which are made of
  them; `padding` and `sampling`.
- `arguments`: what several subjects ask of arguments.
"""
