# syntax=docker/dockerfile:1
# Two stages: libraries are installed from the hash-locked list, then only the result is kept.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /opt/bhyt && /opt/bhyt/bin/pip install -q --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY adapter ./adapter
COPY connectors ./connectors
COPY mappings ./mappings
COPY config ./config
RUN /opt/bhyt/bin/pip install -q --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# The health book's PDF is set by Pango; fonts that hold Vietnamese.
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
  && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/bhyt --create-home bhyt
COPY --from=build /opt/bhyt /opt/bhyt
ENV PATH=/opt/bhyt/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    BHYT_WORKDIR=/var/lib/bhyt BHYT_API__HOST=0.0.0.0
USER bhyt
WORKDIR /var/lib/bhyt
VOLUME /var/lib/bhyt
EXPOSE 8131
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8131/livez', timeout=4)"]
ENTRYPOINT ["bhyt"]
CMD ["run"]
