"""Amazon Bedrock's Converse API."""

from __future__ import annotations

from typing import Any, ClassVar

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.providers.base import Listing, Provider, Setting, given
from agents.llm.providers.bridges import let_boto_speak_through

REGION = "us-east-1"


class Bedrock(Provider):
    """Models of many makers at Amazon; by a Bedrock API key, or by an access key id with its secret as the key."""

    name, title = "bedrock", "Amazon Bedrock"
    langchain, package = "bedrock_converse", "langchain_aws"
    address = "https://bedrock-runtime.{region}.amazonaws.com"
    settings: ClassVar = (
        Setting("region", "Region", "Such as us-east-1", REGION, required=True),
        Setting("access_key_id", "Access key id", "Empty: the key is a Bedrock API key"),
    )
    embeds: ClassVar[bool] = False
    knobs: ClassVar = {"top_p": "top_p"}

    def model(self, endpoint: Endpoint) -> Any:
        """Return a ``ChatBedrockConverse``. Neither the machine's credentials nor its environment are used."""
        from agents.llm.client import egress

        identity = str(endpoint.options.get("access_key_id") or "")
        key = endpoint.api_key or "none"
        names = {"aws_access_key_id": identity, "aws_secret_access_key": key} if identity else {"api_key": key}
        model = self.init(
            endpoint.model,
            base_url=endpoint.base_url,
            region_name=str(endpoint.options.get("region") or REGION),
            max_retries=0,
            # It would go by its own list of models; who cannot do this says so, and is asked in words.
            supports_tool_choice_values=("auto", "any", "tool"),
            disable_streaming=False,
            **names,
        )
        let_boto_speak_through(egress(), model.client)
        return model

    def options(self, endpoint: Endpoint, ask: Ask) -> dict[str, Any]:
        """Return what Converse is told."""
        return given(
            temperature=ask.temperature,
            stop=list(ask.stop) or None,
            max_tokens=endpoint.answer_tokens(ask.max_tokens),
            **self.turned(endpoint),
        )

    def forces_tool(self, ask: Ask) -> bool:
        """Say yes to objects: the arguments of a tool are nothing else."""
        return ask.schema is not None and ask.schema.get("type") == "object" and not ask.tools

    def errors(self) -> tuple[type[Exception], ...]:
        """Return botocore's."""
        from botocore.exceptions import BotoCoreError, ClientError

        return (BotoCoreError, ClientError, ConnectionError)

    def garbage(self) -> tuple[type[Exception], ...]:
        """Return what the reader of its binary events raises."""
        from botocore.eventstream import ParserError
        from botocore.parsers import ResponseParserError

        return (ParserError, ResponseParserError)

    def listing(self, endpoint: Endpoint) -> Listing:
        """Return the list of foundation models, at the control plane's address; a Bedrock API key shows who asks."""
        url = endpoint.base_url.replace("://bedrock-runtime.", "://bedrock.")
        return Listing(f"{url}/foundation-models", self.headers(endpoint), rows="modelSummaries", name="modelId")
