# The service and its page, with the model that `dvc repro` exported. docs/page.md says how to run it.
FROM python:3.13.7-slim-bookworm

# M4A, MP4 and WebM, which phones and browsers record.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY LICENSE README.md pyproject.toml requirements.txt ./
COPY ser ser
# At the versions of the lock; none of its packages that only training needs.
RUN pip install --no-cache-dir --constraint requirements.txt ".[serve]"
COPY models/model.onnx models/model.onnx

# The number is the one under which Hugging Face runs a Space.
RUN useradd --uid 1000 --create-home ser
USER ser

EXPOSE 8000
HEALTHCHECK --start-period=60s --timeout=5s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["ser", "serve", "--host", "0.0.0.0"]
