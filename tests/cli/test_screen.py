"""Progress on the terminal."""

from __future__ import annotations

import signal

import pytest

from ourvidz.cli.screen import Screen
from ourvidz.domain.errors import Cancelled
from ourvidz.domain.progress import Progress


def test_ctrl_c_cancels_at_the_next_report_and_the_second_one_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Screen(as_json=True).watching() as on_progress:
        on_progress(Progress(stage="denoise", step=1, total=20))
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Cancelled):
            on_progress(Progress(stage="denoise", step=2, total=20))
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
