"""ActionAtlas and the six reference commands: metadata, download, clips, the original's files."""
