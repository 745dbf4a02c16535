"""The slot between camera and vision: replaces for devices, waits for files, and counts what it replaced."""

from __future__ import annotations

import threading

from ifllm_desktop.capture.queues import LatestSlot
from tests.live_fakes import picture


def test_that_a_newer_frame_replaces_one_that_waits_and_each_is_told() -> None:
    slot = LatestSlot()
    for index in range(4):
        slot.put(picture(index, index))
    frame, replaced = slot.take(0.0)
    assert frame is not None and frame.index == 3
    assert [f.index for f in replaced] == [0, 1, 2]
    assert slot.take(0.0) == (None, [])


def test_that_every_frame_of_a_file_arrives_in_order() -> None:
    slot = LatestSlot(lossless=True)
    n_frames = 200

    def put() -> None:
        for index in range(n_frames):
            slot.put(picture(index, index))
        slot.close()

    thread = threading.Thread(target=put)
    thread.start()
    taken = []
    while not slot.drained:
        frame, replaced = slot.take(1.0)
        assert replaced == []
        if frame is not None:
            taken.append(frame.index)
    thread.join(5)
    # close may come before the last frame was taken, but not before it was put
    assert taken == list(range(n_frames))


def test_that_closing_frees_a_writer_that_waits() -> None:
    slot = LatestSlot(lossless=True)
    slot.put(picture(0, 0))
    thread = threading.Thread(target=slot.put, args=(picture(1, 1),))
    thread.start()
    slot.close()
    thread.join(5)
    assert not thread.is_alive()
    frame, _ = slot.take(0.0)
    assert frame is not None and frame.index == 0 and slot.drained


def test_that_closing_frees_a_reader_that_waits_and_late_frames_are_ignored() -> None:
    slot = LatestSlot()
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(slot.take(30.0)))
    thread.start()
    slot.close()
    thread.join(5)
    assert found == [(None, [])]
    slot.put(picture(9, 9))
    assert slot.take(0.0) == (None, []) and slot.drained


def test_that_a_slot_that_becomes_one_of_a_device_waits_no_longer() -> None:
    slot = LatestSlot(lossless=True)
    slot.put(picture(0, 0))
    thread = threading.Thread(target=lambda: slot.put(picture(1, 1)))
    thread.start()
    slot.set_lossless(False)
    thread.join(5)
    assert not thread.is_alive()
    frame, replaced = slot.take(0.0)
    assert frame is not None and frame.index == 1 and [f.index for f in replaced] == [0]
