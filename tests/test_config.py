"""The configuration: the source's files load, the value sets are the source's, and a bad file names itself."""

import json
import re

import numpy as np
import pytest

from tsattn_tutorial.config import SineConfig


def test_the_defaults_are_the_table_of_the_source():
    config = SineConfig()
    assert config.starts.tolist() == list(range(0, 450, 5))
    assert config.lengths.tolist() == list(range(50, 250, 5))
    assert config.frequencies[[0, 1, -1]] == pytest.approx([1, 1.01, 3.99])
    assert config.amplitudes[[0, 1, -1]] == pytest.approx([1, 1.01, 9.99])
    assert (len(config.frequencies), len(config.amplitudes)) == (300, 900)


def test_a_file_of_the_source_loads_unchanged(tmp_path):
    # Integers where a float is meant, and no key for the noise, the seed or most of the ranges.
    path = tmp_path / "default_dataset.json"
    path.write_text(json.dumps({"num_points": 500, "min_freq": 1, "max_freq": 4, "output_folder": "/output"}))
    config = SineConfig.from_json(path)
    assert (config.min_freq, config.noise_std, config.dataset_size) == (1.0, 0.0, 10_000)


def test_the_file_of_the_book_holds_every_key_at_its_default(book):
    written = json.loads((book / "config/sine_waves.json").read_text())
    assert list(written) == list(SineConfig.model_fields)
    assert SineConfig.from_json(book / "config/sine_waves.json") == SineConfig()


def test_numbers_of_numpy_are_numbers():
    given = SineConfig(num_points=np.int32(400), max_amp=np.float32(2.5), min_freq=np.int64(2))
    assert given == SineConfig(num_points=400, max_amp=2.5, min_freq=2.0)
    assert all(type(value) in (int, float, str) for value in given.model_dump().values())
    assert given.replace(seed=np.int64(3)).seed == 3


def test_replace_checks_again_and_nothing_else_changes_a_configuration():
    with pytest.raises(ValueError, match="frozen"):
        SineConfig().num_points = 3
    with pytest.raises(ValueError, match="min_loc"):
        SineConfig().replace(min_loc=0.95)


def test_every_value_is_below_its_maximum():
    # 0.1 steps are not representable; a careless arange would include the maximum.
    config = SineConfig(min_freq=1, max_freq=1.3, step_freq=0.1, min_amp=0.1, max_amp=0.7, step_amp=0.1)
    assert config.frequencies == pytest.approx([1, 1.1, 1.2])
    assert config.amplitudes == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])


def test_fractions_become_whole_samples_without_losing_one_to_rounding():
    config = SineConfig(num_points=100, min_loc=0.29, max_loc=0.31)  # 0.29 * 100 is 28.999999999999996
    assert config.starts.tolist() == [29, 30] and config.starts.dtype == np.int64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "got: [Errno 2] No such file or directory"),
        (b'{"seed": 1, "seed": 2}', "got: the key seed twice"),
        (b'{"num_points": ', "got: Expecting value: line 1 column 16"),
        (b"\xff\xfe", "expected the JSON of a configuration, got: 'utf-8' codec can't decode"),
        (b"[500]", "expected one JSON object with keys, got list"),
        (b'{"seed": -1}', "seed: expected greater than or equal to 0, got -1"),
        (b'{"noise_std": Infinity}', "noise_std: expected a finite number, got inf"),
    ],
)
def test_configuration_files_name_themselves(tmp_path, content, message):
    path = tmp_path / "waves.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: .*{re.escape(message)}"):
        SineConfig.from_json(path)
