"""Load Keras and its backend without the backend's log, and with the threads that ``OMP_NUM_THREADS`` names.

TensorFlow writes to file descriptor 2 while it is loaded, whatever the environment says, and a
notebook would store that as an error. It also starts as many threads as there are cores unless it is told.
"""

import contextlib
import os
import sys
from collections.abc import Iterator

__all__: list[str] = []


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere for a while. Exceptions are not touched."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _quiet_stderr():
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        threads = os.environ.get("OMP_NUM_THREADS", "")
        if threads.isdigit() and int(threads) > 0:
            with contextlib.suppress(RuntimeError):  # TensorFlow has started already, with threads of its own
                tf.config.threading.set_intra_op_parallelism_threads(int(threads))
                tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.constant(0)  # starts TensorFlow, which logs what CPU it found
