"""The built-in encoder: embeds a person's poses and words about bodies in one space."""

from actalign.errors import EncoderUsageError

try:
    import onnxruntime  # noqa: F401
    import safetensors  # noqa: F401
    import tokenizers  # noqa: F401
except ImportError as error:
    raise EncoderUsageError(
        f"The body encoder needs more packages ({error}); run `pip install 'actalign[body]'`."
    ) from error

from actalign.encoders.body._encoder import BodyEncoder

__all__ = ["BodyEncoder"]
