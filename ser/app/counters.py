"""What the service counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the histograms' buckets."""


class Metrics:
    """One service's counts. None has a label that a stranger can choose."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ser_requests",
            "HTTP requests answered, and WebSockets that have ended.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "ser_request_seconds", "From a request to its answer.", ["route"], buckets=SECONDS, registry=self.registry
        )
        self.decode_seconds = Histogram(
            "ser_decode_seconds",
            "Decoding one recording, waiting for a process included.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.predict_seconds = Histogram(
            "ser_predict_seconds",
            "Front end and network for one signal, waiting for a thread included.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.predictions = Counter("ser_predictions", "Signals predicted.", ["emotion"], registry=self.registry)
        self.unlike = Counter(
            "ser_unlike", "Signals that are unlike what the model was trained on.", registry=self.registry
        )
        self.audio_seconds = Counter("ser_audio_seconds", "Length of what was decoded.", registry=self.registry)
        self.decoders_lost = Counter(
            "ser_decoders_lost", "Decoding processes that hung or crashed.", ["reason"], registry=self.registry
        )
        self.in_progress = Gauge("ser_in_progress", "Recordings that are being worked on.", registry=self.registry)
        self.streams = Gauge("ser_streams", "Streams that are open.", registry=self.registry)
        ProcessCollector(registry=self.registry)  # memory, processor time, open files; on Linux

    def page(self) -> bytes:
        """Lay all counts out in Prometheus's text format."""
        return generate_latest(self.registry)
