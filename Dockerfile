# The bot and nothing else. bot/ holds the demo too, so that `python -m bot demo --headless` works in the image.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1
WORKDIR /app

COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

COPY LICENSE manifest.yml ./
COPY migrations/ migrations/
COPY safety/ safety/
COPY tools/ tools/
COPY bot/ bot/
COPY runbooks/ runbooks/

# The code belongs to root and is only read. The database lies in /app/var: mount a volume there.
RUN useradd --uid 10001 --create-home ask-claude \
    && mkdir var \
    && chown ask-claude:ask-claude var
USER 10001:10001
VOLUME ["/app/var"]

CMD ["python", "-m", "bot", "run"]
