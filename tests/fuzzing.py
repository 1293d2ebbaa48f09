"""How much is tried: as much as continuous integration has time for, or for an hour with --hypothesis-profile=hour."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

USUAL = 100  # examples of a test in the usual profile, as hypothesis has it


def examples(n: int, **options: Any) -> settings:
    """Settings of a test. n (int): Examples in the usual profile, the same ones each time; others have more in
    proportion, and new ones."""
    options.setdefault("derandomize", settings.default.max_examples == USUAL)
    n = max(1, n * settings.default.max_examples // USUAL)
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=n, suppress_health_check=health, **options)
