"""Model files, safetensors and ONNX: writing, checking, reading."""
