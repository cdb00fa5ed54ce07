# syntax=docker/dockerfile:1

# Two images. Neither needs a GPU to build; the wheels of CuPy's [ctk] extra bring the CUDA libraries.
#   docker build --target test -t gpugrad-test . && docker run --rm --gpus all gpugrad-test
#   docker build -t gpugrad . && docker run --rm -it --gpus all gpugrad

FROM nvidia/cuda:12.9.1-base-ubuntu24.04 AS base
# Ubuntu drops old versions from its archive, so a pinned apt version would stop building.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1001 gpugrad \
    && install --directory --owner=gpugrad /opt/venv /out /src
USER 1001
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src
RUN python3 -m venv /opt/venv

# Dependencies alone, against an empty package: this layer changes only with pyproject.toml.
FROM base AS dependencies
COPY --chown=1001 pyproject.toml ./
# What is installed is this project, whose versions pyproject.toml states.
# hadolint ignore=DL3013
RUN mkdir gpugrad cuda_kernels \
    && touch README.md LICENSE gpugrad/__init__.py \
    && pip install --no-cache-dir '.[cuda12x]'

FROM dependencies AS test
# hadolint ignore=DL3013
RUN pip install --no-cache-dir '.[cuda12x,dev]'
COPY --chown=1001 . .
ENTRYPOINT ["make", "gpu-check", "PYTHON=python"]
CMD ["OUT=/out"]

FROM dependencies AS build
COPY --chown=1001 . .
RUN pip install --no-cache-dir --no-deps --force-reinstall .

FROM base AS runtime
COPY --from=build /opt/venv /opt/venv
WORKDIR /home/gpugrad
CMD ["python"]
