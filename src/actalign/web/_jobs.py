"""Clips and the one queue of encoding jobs behind the explorer; independent of HTTP.

Every clip is embedded once and kept in memory, so that it can be scored again with other steps
immediately. Uploads are in a private temporary folder, which `Explorer.close` removes.
"""

from __future__ import annotations

import hashlib
import queue
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from actalign.alignment import Detection
from actalign.alignment._locate import WEAK_THRESHOLD
from actalign.classifier import ActAlign
from actalign.demo import demo_clips
from actalign.documents import escaped
from actalign.encoders._base import encode_texts
from actalign.encoders._text_cache import judge_texts
from actalign.errors import ActAlignError, UsageError
from actalign.evaluation._questions import Interval
from actalign.types import Float32, Float64, UInt8
from actalign.video import list_videos
from actalign.video._sampling import sample_frames
from actalign.video._worker import DecodeProcess
from actalign.web._asked import Asked
from actalign.web._looking import DECODE_SECONDS, Looker, called
from actalign.web._people import SIDE, WIDE_SIDE, around, box_of, embedded, people_of, take_truths
from actalign.web._preview import write_preview
from actalign.web._state import Clip, Job, Limits, NotFound, QueueFull, Result
from actalign.web._truth import Truth, check_intervals, load_truths, merged, save_truths, truth_of
from actalign.web._uploads import UploadFolder

KEPT_RESULTS = 100
"""Results kept in addition to the newest one of each clip."""
KEPT_JOBS = 200
CANCEL_SECONDS = 1.0
"""How long to keep checking for a cancelled job's decoder, which may be about to start."""
CLOSE_SECONDS = 10.0
"""How long to wait for the running job on shutdown."""


_Known = TypeVar("_Known")


class _Cancelled(Exception):
    pass


class Explorer:
    """The clips, jobs and results of one running server."""

    def __init__(
        self,
        classifier: ActAlign,
        *,
        limits: Limits | None = None,
        clips: Path | None = None,
    ) -> None:
        """clips: a folder of videos to offer; corrections are saved in it. Raises UsageError for a
        folder without videos, or with a truth file that can't be read."""
        self.classifier = classifier
        self.limits = limits or Limits()
        self.served = clips
        self._folder = UploadFolder()
        self.clips: dict[str, Clip] = {}
        self.folder_clips: list[str] = []
        self.jobs: dict[str, Job] = {}
        self.results: dict[str, Result] = {}
        self._unseen: list[Truth] = []  # of people in the folder's clips who are not found yet
        self._queue: queue.Queue[Job | None] = queue.Queue()
        self.uploading = threading.BoundedSemaphore(self.limits.queued)
        self._decoder = DecodeProcess(silent_seconds=DECODE_SECONDS)
        self._looker, self._previewer = Looker(), Looker()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._scoring = threading.Lock()
        self._thread = threading.Thread(target=self._work, daemon=True)
        for demo in demo_clips():
            name = demo.path.stem
            seconds = sample_frames(demo.path).info.end_seconds
            self.clips[name] = Clip(name, name, demo.path, seconds, uploaded=False)
        if clips is not None:
            self._add_folder(clips)
        self._thread.start()

    def _add_folder(self, folder: Path) -> None:
        if folder.is_file():
            raise UsageError(f"{folder} is a file; give the folder that it is in.")
        if not folder.is_dir():
            raise UsageError(f"There is no folder {folder}; give one with videos.")
        known = load_truths(folder)
        for path in list_videos([folder]):
            place = path.relative_to(folder).as_posix()
            clip_id = hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()[:32]
            self.clips[clip_id] = Clip(
                clip_id, escaped(place), path, 0.0, uploaded=False, truth=known.pop(place, None)
            )
            self.folder_clips.append(clip_id)
        self._unseen = list(known.values())

    def new_upload(self) -> Path:
        """A path in the private folder, to write an upload to."""
        return self._folder.new_path()

    def add_clip(self, path: Path, name: str) -> Clip:
        """Accept an uploaded file; raises VideoError or UsageError after deleting it."""
        clip_id = path.name
        try:
            with called(name, path):
                seconds, _ = self._looker.look(path, num_frames=1)
            if seconds > self.limits.seconds:
                raise UsageError(
                    f"{name} lasts {seconds:.0f} s, but this server takes clips of at most "
                    f"{self.limits.seconds:.0f} s; cut it first, or use `actalign locate`, or "
                    "`actalign classify --window 5`, which read videos of any length."
                )
        except ActAlignError:
            path.unlink(missing_ok=True)
            raise
        clip = Clip(clip_id, name, path, seconds, uploaded=True)
        with self._lock:
            self.clips[clip_id] = clip
            busy = {job.clip.id for job in self.jobs.values() if job.open}
            old = [c for c in self.clips.values() if c.uploaded and c.id not in busy]
            sizes = [c.path.stat().st_size for c in old]
            for n, stale in enumerate(old[:-1]):
                fewer, left = len(old) - n <= self.limits.uploads, sum(sizes[n:])
                if fewer and left <= self.limits.kept_bytes:
                    break
                for gone in (stale.id, *stale.people):
                    del self.clips[gone]
                stale.path.unlink(missing_ok=True)
                self._preview_path(stale).unlink(missing_ok=True)
        return clip

    def clip(self, clip_id: str) -> Clip:
        """The clip with this id; raises NotFound."""
        return _found(self.clips, clip_id, "clip on this server; upload it again.")

    def source(self, clip: Clip) -> Path:
        """The clip's file, or its folder of images; raises NotFound if it was deleted."""
        if not clip.path.exists():
            raise NotFound(f"The file of {clip.name} is gone; put it back, or upload it again.")
        return clip.path

    def frame(self, clip: Clip, seconds: float) -> UInt8:
        """The (H, W, 3) RGB frame on screen at a time, at most 320 pixels wide and high; for one of
        several people, the part that shows that person.

        Raises VideoError if the clip has none at that time, and NotFound if its file is gone.
        """
        boxes = clip.boxes if clip.whole else []
        side = WIDE_SIDE if boxes else SIDE
        span = {"start": seconds, "end": seconds + 0.5}
        with called(clip.name, clip.path):
            _, frames = self._looker.look(self.source(clip), fps=1.0, max_side=side, **span)
        return around(frames[0], boxes, seconds) if boxes else frames[0]

    def preview(self, clip: Clip) -> Path:
        """The clip as a small H.264 file, for browsers that can't play its own.

        Made on the first request. Raises VideoError, and NotFound if its file is gone.
        """
        path = self._preview_path(clip)
        with self._previewer.decoder() as decoder, called(clip.name, clip.path):
            if not path.exists():
                write_preview(decoder, self.source(clip), path)
        return path

    def _preview_path(self, clip: Clip) -> Path:
        return self._folder.path / "clips" / f"{clip.video.id}.preview.mp4"

    def judge(self, clip: Clip, label: str | None, intervals: Sequence[Interval]) -> None:
        """Store a user's judgement of the clip's newest result; see `truth_of`.

        Raises UsageError.
        """
        if clip.people:
            clip.encoded()  # raises an error if each person is judged separately
        if clip.result is None:
            raise UsageError("This clip has no result to judge yet; align it first.")
        found = self.results[clip.result]
        check_intervals(intervals, clip.name, clip.video.seconds)
        said = truth_of(
            found.prediction,
            found.asked,
            clip.name,
            self._place(clip),
            label,
            intervals,
            box_of(clip),
        )
        self._set_truth(clip, said)

    def _place(self, clip: Clip) -> str:
        """The name of the clip's video in a truth file: its path in the served folder. File names
        may have bytes that are not text."""
        folder = self._folder_of(clip)
        return clip.path.relative_to(folder).as_posix() if folder else clip.video.name

    def _folder_of(self, clip: Clip) -> Path | None:
        """The served folder, if the clip's video is in it."""
        return self.served if clip.video.id in self.folder_clips else None

    def unjudge(self, clip: Clip) -> None:
        """Forget the clip's judgement."""
        self._set_truth(clip, None)

    def _set_truth(self, clip: Clip, truth: Truth | None) -> None:
        with self._lock:
            before, clip.truth = clip.truth, truth
            if (folder := self._folder_of(clip)) is None:
                return
            whole = [self.clips[one] for one in self.folder_clips]
            every = [self.clips[n].truth for one in whole for n in (one.id, *one.people)]
            known = [*(one for one in every if one is not None), *self._unseen]
            try:
                save_truths(merged(known, Path(self._place(clip)), folder), folder)
            except ActAlignError:
                clip.truth = before
                raise

    def job(self, job_id: str) -> Job:
        """The job with this id; raises NotFound."""
        return _found(self.jobs, job_id, "job on this server any more; align the clip again.")

    def result(self, result_id: str) -> Result:
        """The result with this id; raises NotFound."""
        gone = "result on this server any more; align the clip again."
        return _found(self.results, result_id, gone)

    def submit(self, clip: Clip, asked: Asked, job_id: str | None = None) -> Job:
        """Queue one clip to be encoded and aligned, or return the job that has this id; raises
        QueueFull, and UsageError for candidates that can't be scored, before it is encoded."""
        with self._scoring:
            asked.candidates(self.classifier)
        frames = max(0, round(clip.seconds * (self.classifier.fps or 0)))
        with self._lock:
            if job_id in self.jobs:
                return self.jobs[job_id]
            waiting = sum(job.open for job in self.jobs.values())
            if waiting >= self.limits.queued:
                raise QueueFull(
                    f"{waiting} jobs are already waiting; try again when one has finished."
                )
            ended = [one for one in self.jobs.values() if not one.open]
            for old in ended[: max(0, len(self.jobs) - KEPT_JOBS)]:
                del self.jobs[old.id]
            job = Job(job_id or secrets.token_hex(8), clip, asked, frames)
            self.jobs[job.id] = job
        self._queue.put(job)
        return job

    def cancel(self, job_id: str) -> Job:
        """Cancel a waiting or running job, and end its decoder; raises NotFound."""
        job = self.job(job_id)
        job.cancel.set()
        until = time.monotonic() + CANCEL_SECONDS
        while time.monotonic() < until:
            with self._lock:  # so that no other job begins in the meantime
                if job.state == "queued":
                    job.state = "cancelled"
                if job.state != "running":
                    break
                self._decoder.interrupt()
            time.sleep(0.02)
        return job

    def score(self, clip: Clip, asked: Asked) -> str:
        """Align an embedded clip now and keep the result; returns its id. Raises UsageError, which
        the clip keeps too where these candidates can't be aligned with it."""
        embedding = clip.encoded()
        with self._scoring:
            candidates = asked.candidates(self.classifier)
            try:
                prediction = candidates.predict(embedding)
            except UsageError as error:
                clip.error = str(error)
                raise
        result_id = secrets.token_hex(8)
        with self._lock:
            self.results[result_id] = Result(prediction, clip, asked)
            clip.result, clip.error = result_id, None
            newest = {one.result for one in self.clips.values()}
            for old in [r for r in self.results if r not in newest][:-KEPT_RESULTS]:
                del self.results[old]
        return result_id

    def locate(self, clip: Clip, asked: Asked) -> list[Detection]:
        """Find where in an embedded clip each candidate happens, weak detections included; raises
        UsageError."""
        embedding = clip.encoded()
        with self._scoring:
            return asked.candidates(self.classifier).locate(embedding, threshold=WEAK_THRESHOLD)

    def encode_phrase(self, phrase: str) -> tuple[Float32, list[str]]:
        """The phrase's embedding, (D,), and sentences about what the encoder can't read in it."""
        encoder = self.classifier.encoder
        with self._scoring:
            said = [one.warning for one in judge_texts(encoder, [phrase])]
            return encode_texts(encoder, [phrase])[0], said

    def close(self) -> None:
        """Stop the worker and any reading, and remove all uploads; can't be undone."""
        self._closing.set()
        for job in list(self.jobs.values()):
            job.cancel.set()
        self._queue.put(None)
        until = time.monotonic() + CLOSE_SECONDS
        while self._thread.is_alive() and time.monotonic() < until:
            self._decoder.interrupt()
            self._thread.join(timeout=0.02)
        self._decoder.close()
        self._looker.close()
        self._previewer.close()
        self._folder.close()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            with self._lock:
                if self._closing.is_set():
                    job.state = "cancelled"
                if job.state == "cancelled":
                    continue
                job.state = "running"
            try:
                self._embed(job)
                if job.cancel.is_set():
                    raise _Cancelled
                for one in map(self.clip, job.clip.people) if job.clip.people else [job.clip]:
                    job.results.append(self.score(one, job.asked))
                job.state = "done"
            except _Cancelled:
                job.state = "cancelled"
            except ActAlignError as error:
                if job.cancel.is_set():  # its decoder was ended
                    job.state = "cancelled"
                    continue
                job.fail(str(error))
            except Exception as error:
                job.fail(
                    f"Aligning {job.clip.name} failed unexpectedly ({type(error).__name__}); "
                    "try another clip, or report it."
                )

    def _embed(self, job: Job) -> None:
        clip = job.clip
        if clip.embedding is not None or clip.people:
            job.frames_done = job.frames_total
            return

        def count(_: str, frames: int) -> None:
            job.frames_done += frames
            if job.cancel.is_set():
                raise _Cancelled

        def total(_: str, pts_seconds: Float64, kept: int | None) -> None:
            job.frames_total = len(pts_seconds)  # the length of a served file is not known before

        found = embedded(
            self.classifier, clip, on_frames=count, on_open=total, decoder=self._decoder
        )
        job.frames_done = job.frames_done or job.frames_total  # none had to be encoded
        clip.seconds = clip.seconds or max(one.end_seconds for one in found)
        if len(found) == 1:
            clip.embedding = found[0]
            return
        people = people_of(clip, found)
        with self._lock:
            known = [clip.truth] if clip.truth is not None else []
            clip.truth, waiting = None, [*known, *self._unseen]
            here = [one for one in waiting if one.question.video == Path(self._place(clip))]
            left = take_truths(people, here)
            self._unseen = [*(one for one in waiting if one not in here), *left]
            self.clips |= {one.id: one for one in people}
            clip.people = tuple(one.id for one in people)


def _found(known: Mapping[str, _Known], name: str, which: str) -> _Known:
    """What has this name; raises NotFound, which says what there is not."""
    found = known.get(name)  # once, as another thread may delete it meanwhile
    if found is None:
        raise NotFound(f"There is no such {which}")
    return found
