# syntax=docker/dockerfile:1
# docker build -t fontkin . && docker run -p 127.0.0.1:8000:8000 -v fontkin:/data fontkin
FROM python:3.12-slim-bookworm AS packages
WORKDIR /app
COPY requirements-serve.lock .
RUN python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements-serve.lock

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="Fontkin" \
      org.opencontainers.image.description="Which open font is that?"
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin fontkin \
    && install -d -o fontkin -g fontkin /data
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY bin bin
COPY deploy/smoke.png deploy/smoke.png
COPY db db
COPY encoder encoder
COPY index index
COPY api api
COPY scripts scripts
ENV PATH=/app/bin:/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    FONTKIN_DATA=/data
USER 10001
VOLUME /data
EXPOSE 8000
# After an update own fonts may be drawn anew before it answers, half a second each.
HEALTHCHECK --interval=30s --timeout=10s --start-period=600s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=8)"]
CMD ["python", "-m", "scripts.serve", "--host", "0.0.0.0", "--port", "8000"]
