"""TensorFlow's half of `offline_vs_tensorflow.py`; runs in an environment of its own, without Stembridge.

Builds Spleeter's own graph from the installed package (its function, its weights), then obeys lines on
stdin: `run` computes all segments of the file given and answers with the seconds, `save` writes the outputs.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import spleeter
import tensorflow as tf
from spleeter.model.functions.unet import unet


def main() -> None:
    """Serve until stdin ends."""
    segments = np.load(sys.argv[1])
    threads = int(sys.argv[2])
    v1 = tf.compat.v1
    options = v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1)
    started = time.perf_counter()
    with tf.Graph().as_default():
        magnitudes = v1.placeholder(tf.float32, [None, *segments.shape[1:]])
        outputs = list(unet(magnitudes, ["vocals", "accompaniment"], {}).values())
        session = v1.Session(config=options)
        weights = Path(spleeter.__file__).parent / "pretrained_models" / "2stems" / "model"
        v1.train.Saver().restore(session, str(weights))
    print(f"ready {tf.__version__} {time.perf_counter() - started:.3f}", flush=True)
    answers: list[np.ndarray] = []
    for line in sys.stdin:
        if line.strip() == "run":
            started = time.perf_counter()
            answers = session.run(outputs, {magnitudes: segments})
            print(f"{time.perf_counter() - started:.4f}", flush=True)
        elif line.startswith("save "):
            np.save(line[5:].strip(), np.stack(answers))
            print("saved", flush=True)


if __name__ == "__main__":
    main()
