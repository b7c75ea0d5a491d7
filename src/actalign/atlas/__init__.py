"""ActionAtlas and the seed's six commands: metadata, download, clips, and the original's files."""
