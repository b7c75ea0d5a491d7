"""Turns videos and streams into frames with times."""

from actalign.video._listing import list_videos
from actalign.video._near_duplicates import NearDuplicates
from actalign.video._sampling import FrameStream, VideoInfo, sample_frames
from actalign.video._stream import LiveFrame, LiveSource
from actalign.video._thumbnails import thumbnails

__all__ = [
    "FrameStream",
    "LiveFrame",
    "LiveSource",
    "NearDuplicates",
    "VideoInfo",
    "list_videos",
    "sample_frames",
    "thumbnails",
]
