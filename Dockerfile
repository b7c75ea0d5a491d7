# The core, the built-in encoder, figures, Excel tables and the page, run by a user who can write
# only to /work and /cache. docs/docker.md says how to use it; scripts/test-image tries it.
FROM python:3.11-slim

COPY pyproject.toml constraints.txt README.md LICENSE /src/
COPY src /src/src
RUN pip install --no-cache-dir --only-binary :all: --no-binary actalign \
      --constraint /src/constraints.txt "/src[body,figures,web,xlsx]" && rm -r /src

ENV ACTALIGN_WEIGHTS=/opt/actalign/weights
RUN actalign fetch body

# Embeddings and compiled loops: mount a volume at /cache to keep them.
ENV ACTALIGN_CACHE=/cache
RUN useradd --uid 1000 --create-home actalign && install -d -o actalign -g actalign /cache /work
USER actalign
WORKDIR /work
EXPOSE 8000
ENTRYPOINT ["actalign"]
CMD ["serve", "--model", "body", "--host", "0.0.0.0"]
