"""What the user configured: ``perqueue.toml``, the environment and flags, over the embedded defaults."""

from __future__ import annotations

from .errors import EXECUTOR, FILE, ConfigError, NoExecutorError, PartitionError
from .files import config_files, config_path
from .layers import Given, Layers, load_layers
from .load import load_config
from .model import Config, ExecutorOptions, Partition, cores_here, lane_executor, scaled

__all__ = [
    "EXECUTOR",
    "FILE",
    "Config",
    "ConfigError",
    "ExecutorOptions",
    "Given",
    "Layers",
    "NoExecutorError",
    "Partition",
    "PartitionError",
    "config_files",
    "config_path",
    "cores_here",
    "lane_executor",
    "load_config",
    "load_layers",
    "scaled",
]
