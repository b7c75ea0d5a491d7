"""What mediapipe 0.10.21 says of the people in the shipped clips: recorded, and asked anew.

`python -m tests.mediapipe_reference` writes the recording, where mediapipe is installed.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np

from actalign.demo import demo_clips
from actalign.video._sampling import sample_frames

RECORDING = Path(__file__).with_name("mediapipe_poses.npz")
FPS, SECONDS = 5.0, 4.0
CONFIDENCE = 0.4


def frames_of(path, fps=FPS, seconds=SECONDS):
    """(T, H, W, 3) frames of a clip's beginning and their times."""
    batches = list(sample_frames(path, fps=fps, batch_size=16))
    times = np.concatenate([batch.pts_seconds for batch in batches])
    frames = np.concatenate([batch.frames for batch in batches])
    return frames[times < seconds], times[times < seconds]


def _task():
    import mediapipe
    from mediapipe.tasks.python.metadata.metadata_writers import metadata_writer

    def noted(name, mean, std):
        model = (Path(mediapipe.__file__).parent / "modules" / name).read_bytes()
        writer = metadata_writer.MetadataWriter.create(bytearray(model))
        writer.add_image_input([mean], [std])
        return bytes(writer.populate()[0])

    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as task:
        warnings.simplefilter("ignore")  # mediapipe leaves a file open
        detector = noted("pose_detection/pose_detection.tflite", 127.5, 127.5)
        task.writestr("pose_detector.tflite", detector)
        landmarker = noted("pose_landmark/pose_landmark_full.tflite", 0.0, 255.0)
        task.writestr("pose_landmarks_detector.tflite", landmarker)
    return packed.getvalue()


def ask(frames, times, *, video):
    """Landmarks by mediapipe: for each frame an array (people, 33, 6) of x and y in pixels,
    x, y and z in metres, and visibility; video: one person, tracked; else up to four."""
    from mediapipe import Image, ImageFormat
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=_task()),
        running_mode=vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE,
        num_poses=1 if video else 4,
        min_pose_detection_confidence=CONFIDENCE,
        min_pose_presence_confidence=CONFIDENCE,
        min_tracking_confidence=CONFIDENCE,
    )
    found = []
    with vision.PoseLandmarker.create_from_options(options) as landmarker:
        for frame, seconds in zip(frames, times, strict=True):
            image = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(frame))
            if video:
                result = landmarker.detect_for_video(image, 1 + round(seconds * 1000))
            else:
                result = landmarker.detect(image)
            height, width = frame.shape[:2]
            people = [
                [
                    (p.x * width, p.y * height, w.x, w.y, w.z, w.visibility)
                    for p, w in zip(points, world, strict=True)
                ]
                for points, world in zip(
                    result.pose_landmarks, result.pose_world_landmarks, strict=True
                )
            ]
            found.append(np.array(people, np.float32).reshape(-1, 33, 6))
    return found


def main():
    kept = {}
    for clip in demo_clips():
        frames, times = frames_of(clip.path)
        for mode in ("picture", "video"):
            found = ask(frames, times, video=mode == "video")
            kept[f"{clip.path.stem}/{mode}/people"] = np.array([len(people) for people in found])
            kept[f"{clip.path.stem}/{mode}/landmarks"] = np.concatenate(found)
    np.savez_compressed(RECORDING, **kept)


if __name__ == "__main__":
    main()
