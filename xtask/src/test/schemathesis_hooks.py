"""What Schemathesis cannot know of itself: the pieces of resumable uploads (tus 1.0.0) are plain bytes."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
