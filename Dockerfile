# One image, two roles: `docker run IMAGE app` serves the website, `docker run --gpus all IMAGE
# worker` renders. Both are told everything by OURVIDZ_… variables; see README.md, "hosted".
#
#   docker build -t ourvidz .
#   docker run --gpus all -v ourvidz:/var/lib/ourvidz --env-file worker.env ourvidz worker

FROM nvidia/cuda:13.0.1-runtime-ubuntu24.04 AS base

ENV DEBIAN_FRONTEND=noninteractive \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/venv/bin:$PATH

# A compiler for the transformer's compiled blocks; libgl1 and libegl1 for the starter's world. A
# distribution's own versions move within one release, and only for repairs.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        python3.12 python3.12-venv python3.12-dev gcc libc6-dev libgl1 libegl1 \
    && rm -rf /var/lib/apt/lists/*


FROM base AS build

# Which CUDA torch is built for: by default the newest, which the host's driver must know. For an
# older one name it, as cu126, and with TORCH_INDEX the index that has such builds.
ARG TORCH_VERSION=2.13.0
ARG TORCH_CUDA=""
ARG TORCH_INDEX=""

# torch first and alone: any other package would take the newest one with it.
# hadolint ignore=DL3013
RUN python3.12 -m venv /opt/venv \
    && pip install ${TORCH_INDEX:+--index-url "${TORCH_INDEX}"} \
        "torch==${TORCH_VERSION}${TORCH_CUDA:++${TORCH_CUDA}}"

WORKDIR /opt/ourvidz
COPY requirements.txt requirements-nodeps.txt ./
RUN pip install --requirement requirements.txt \
    && pip install --no-deps --requirement requirements-nodeps.txt

COPY pyproject.toml README.md LICENSE app.py ./
COPY ourvidz ./ourvidz
COPY benchmarks ./benchmarks
RUN pip install --no-deps --editable .


FROM base AS run

RUN useradd --create-home --uid 10001 ourvidz \
    && install --directory --owner=ourvidz /var/lib/ourvidz

COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/ourvidz /opt/ourvidz

# A proxy is never on this machine here: tell the app its address with FORWARDED_ALLOW_IPS, or all
# sign-ins share one rate limit.
#
# Weights, converted models and scratch: keep it on a volume, it is the largest part. Compiled blocks
# lie there too: the next container does not compile them again.
ENV OURVIDZ_HOME=/var/lib/ourvidz \
    OURVIDZ_HOST=0.0.0.0 \
    HF_HOME=/var/lib/ourvidz/hub \
    TORCHINDUCTOR_CACHE_DIR=/var/lib/ourvidz/compiled
VOLUME ["/var/lib/ourvidz"]

USER 10001
WORKDIR /opt/ourvidz
EXPOSE 7860

COPY --chmod=0755 docker/entry.sh docker/health.sh /usr/local/bin/
HEALTHCHECK --interval=30s --timeout=20s --start-period=120s CMD ["health.sh"]

# Stops as Ctrl-C does: a worker hands its job back, the app finishes its answers.
STOPSIGNAL SIGINT
ENTRYPOINT ["entry.sh"]
CMD ["app"]
