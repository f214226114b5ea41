# An image with the environment of requirements.lock and this checkout. It has not been built yet: where it was
# written there was no Docker. Its steps are those of `make setup`, and a test compares them
# (tests/repository/test_contributing.py).
#
#   docker build --tag thinkalike .
#   docker run --rm --volume "$PWD/results:/thinkalike/results" thinkalike snakemake --cores all --configfile studies/quick.yaml
FROM python:3.11-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /thinkalike

# the environment first: it is made anew only when the lock changes
COPY requirements.lock ./
RUN python3 -m venv .venv
RUN .venv/bin/python -m pip install --quiet --disable-pip-version-check "$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
RUN .venv/bin/uv pip sync --quiet --require-hashes --compile-bytecode --python .venv/bin/python requirements.lock
RUN touch .venv/.synced
ENV PATH=/thinkalike/.venv/bin:$PATH

COPY . .
CMD ["snakemake", "--cores", "all", "--configfile", "studies/quick.yaml"]
