"""What goes wrong with a model. Each error says which connection and what to do; none contains a key or an address."""

from __future__ import annotations

from typing import ClassVar

from nexod.kernel.errors import InvalidInput, NexodError, NotFound


class ModelError(NexodError):
    """The model could not be used."""

    code, status = "model_error", 502
    transient: ClassVar[bool] = False
    """Whether the same call may succeed a moment later, so that it is tried again."""
    falls_back: ClassVar[bool] = False
    """Whether another model of the chain is asked in its place; one that is ``transient`` always is."""


class ModelUnavailable(ModelError):
    """The model cannot be reached or is out of order. Check that it is running, and its address, then run again."""

    code, status, transient = "model_unavailable", 503, True


class ModelTimeout(ModelError):
    """The model did not answer in time. Ask for less, or raise the timeout of the connection."""

    code, status, falls_back = "model_timeout", 504, True


class ModelRateLimited(ModelError):
    """The model takes no more requests right now. Wait a moment and run again, or raise the limit at the provider."""

    code, status, transient = "model_rate_limited", 503, True


class ModelRefused(ModelError):
    """The provider does not let us in. Check the key of the connection, and that its account has credit for the model."""

    code, falls_back = "model_refused", True


class ModelUnknown(ModelError):
    """The provider does not know this model, or the address is wrong. Check both in the connection."""

    code, falls_back = "model_unknown", True


class ModelRejectedRequest(ModelError):
    """The model's provider did not accept the request."""

    code = "model_rejected_request"


class PromptTooLong(ModelError):
    """The prompt is too long for the model. Shorten it, retrieve fewer passages, or choose a model with more context."""

    code = "prompt_too_long"


class ModelAnsweredGarbage(ModelError):
    """What answered does not speak the provider's protocol. Check provider and address of the connection."""

    code, falls_back = "model_answered_garbage", True


class ModelStreamCut(ModelError):
    """The model stopped in the middle of its answer."""

    code, status, transient = "model_stream_cut", 503, True


class ModelAnswerTooLarge(ModelError):
    """The model answered far more than was asked for. Set a limit of tokens."""

    code = "model_answer_too_large"


class ModelDeclined(ModelError):
    """The model declined to answer, or answered nothing. Change the prompt."""

    code, falls_back = "model_declined", True


class OutputInvalid(ModelError):
    """The model's answer does not fit the JSON Schema. Simplify the schema or choose a stronger model."""

    code = "output_invalid"


class ModelNotConnected(NotFound):
    """There is no such model connection."""

    code = "model_not_connected"


class ModelBusy(ModelError):
    """The limits of this connection let no more calls through for now. Wait, or raise them in the connection."""

    code, status, transient = "model_busy", 503, True


class ModelResting(ModelError):
    """The model failed several times in a row, so it is left alone for a moment. Test the connection, then run again."""

    code, status, transient = "model_resting", 503, True


class ModelCannot(ModelError):
    """The provider cannot do this."""

    code, status = "model_cannot", 400


class ProviderNotInstalled(ModelError):
    """The package that speaks to this provider is not installed here."""

    code, status = "provider_not_installed", 503


class ProviderUnknown(InvalidInput):
    """There is no such model provider."""

    code = "provider_unknown"
