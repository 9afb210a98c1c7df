"""What a request to the service may take, who waits and who is refused, and what is counted."""

import threading
import time
from collections import OrderedDict, defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass

_MOST_CLIENTS = 10_000  # whose requests are counted
_MINUTE = 60.0


class RefusedError(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    status : int
        Of HTTP.
    detail : str
        Why.
    """

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass(frozen=True)
class Limits:
    """What a request may take.

    Parameters
    ----------
    max_bytes : int, default=20_000_000
        Of a body; more is refused before it is read.
    max_duration : float, default=120.0
        Seconds of a recording.
    max_stream_duration : float, default=3600.0
        Seconds of a stream, of sound and by the clock.
    n_workers : int, default=2
        Requests that are computed at once.
    max_waiting : int, default=32
        Requests that wait for that; more are refused.
    max_streams : int, default=16
        Streams that are open at once.
    max_per_minute : int, default=600
        Requests of one client.
    max_seconds_of_upload : float, default=30.0
        In which a body must have come, and the next message of a stream.
    """

    max_bytes: int = 20_000_000
    max_duration: float = 120.0
    max_stream_duration: float = 3600.0
    n_workers: int = 2
    max_waiting: int = 32
    max_streams: int = 16
    max_per_minute: int = 600
    max_seconds_of_upload: float = 30.0

    def __post_init__(self):
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value!r}")


class Gate:
    """Lets so many in at once, and refuses the others.

    Parameters
    ----------
    capacity : int
        How many.
    """

    def __init__(self, capacity):
        self._capacity, self._n_inside = capacity, 0
        self._lock = threading.Lock()

    @property
    def n_inside(self):
        """How many are inside."""
        return self._n_inside

    @contextmanager
    def inside(self):
        """Be inside.

        Raises
        ------
        RefusedError
            There are too many.
        """
        with self._lock:
            if self._n_inside >= self._capacity:
                raise RefusedError(503, "too many requests are waiting, try again in a moment")
            self._n_inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_inside -= 1


class Rate:
    """Counts the requests of every client.

    Parameters
    ----------
    max_per_minute : int
        Of one client.
    """

    def __init__(self, max_per_minute):
        self._most = max_per_minute
        self._lock = threading.Lock()
        self._times: OrderedDict[str, deque] = OrderedDict()

    def count(self, client):
        """Count a request.

        Parameters
        ----------
        client : str
            Its address.

        Raises
        ------
        RefusedError
            It has had more than its share in the last minute.
        """
        now = time.monotonic()
        with self._lock:
            times = self._times.setdefault(client, deque())
            self._times.move_to_end(client)
            while len(self._times) > _MOST_CLIENTS:
                self._times.popitem(last=False)
            while times and now - times[0] > _MINUTE:
                times.popleft()
            if len(times) >= self._most:
                raise RefusedError(429, f"more than {self._most} requests a minute")
            times.append(now)


class Counters:
    """Requests by path and status, and their seconds."""

    def __init__(self):
        self._lock = threading.Lock()
        self._requests: dict = defaultdict(int)
        self._seconds: dict = defaultdict(float)

    def add(self, path, status, seconds):
        """Count a request.

        Parameters
        ----------
        path : str
        status : int
        seconds : float
        """
        with self._lock:
            self._requests[path, status] += 1
            self._seconds[path] += seconds

    def as_text(self, n_inside):
        """Prometheus' text format.

        Parameters
        ----------
        n_inside : int
            Requests in progress.

        Returns
        -------
        text : str
        """
        with self._lock:
            requests, seconds = dict(self._requests), dict(self._seconds)
        lines = ["# TYPE sklspeech_requests_total counter"]
        lines += [
            f'sklspeech_requests_total{{path="{path}",status="{status}"}} {n}' for (path, status), n in requests.items()
        ]
        lines += ["# TYPE sklspeech_request_seconds_total counter"]
        lines += [f'sklspeech_request_seconds_total{{path="{path}"}} {value:.6f}' for path, value in seconds.items()]
        lines += ["# TYPE sklspeech_requests_in_progress gauge", f"sklspeech_requests_in_progress {n_inside}"]
        return "\n".join(lines) + "\n"
