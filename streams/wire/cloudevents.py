"""Headers of the messages on Kafka: CloudEvents 1.0, binary mode.

The headers say what a message is, where it comes from and whether it came before; nobody has to read the body for that. A message that is
made again has the same source and id. ``infra.kafka.asyncapi`` documents the headers for others.
Source: CloudEvents 1.0.2; Kafka Protocol Binding for CloudEvents 1.0.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.values import Text
from streams.language.folds import Outgoing
from streams.language.messages import FIRST_VERSION

SPECIFICATION = "1.0"
FRAME, JSON, ANY = "application/vnd.huimin.frame", "application/json", "application/octet-stream"
DIGEST = slice(8, 24)  # of a frame, see ``streams.wire.wire``


@dataclass(frozen=True, slots=True)
class TopicEvent:
    """One type of message: its topic, the type of its body, and the headers it has beyond the usual ones."""

    name: str
    topic: str
    content: str
    about: Text
    facts: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The ``ce_type``, with the version of its head, which is the same in all later ones."""
        return f"cn.huimin.{self.name}.v{FIRST_VERSION}"


EVENTS: Mapping[str, TopicEvent] = {
    event.name: event
    for event in (
        TopicEvent("input", "inputs", FRAME, Text("送入网络的一条消息", "a message submitted to the network")),
        TopicEvent("order", "orders", FRAME, Text("一条消息对一个分区意味着什么", "what one message means for one partition")),
        TopicEvent("note", "lines", FRAME, Text("一条消息分给了哪些分区", "which partitions a message was taken apart for")),
        TopicEvent("found", "lines", FRAME, Text("一个分区因一条消息而变动的", "what one message moved in one partition")),
        TopicEvent(
            "changes", "changes", FRAME, Text("一条消息引起的全部名单变动", "every change of a list that one message brought"), ("closes",)
        ),
        TopicEvent(
            "edition",
            "editions",
            FRAME,
            Text("一份名单的一期：净变动", "one edition of one list: its net changes"),
            ("policy", "number", "manifest"),
        ),
        TopicEvent("progress", "progress", JSON, Text("几个分片已完成", "how many shards have done what people wait for")),
        TopicEvent(
            "census",
            "progress",
            JSON,
            Text("各分片在哪个分区、有多少对象", "which partition each shard is in, and how many it has"),
            ("offset",),
        ),
        TopicEvent(
            "member",
            "progress",
            JSON,
            Text("一名成员，说明密钥凭什么辨认", "by what the key of a member is known again"),
        ),
        TopicEvent("purged", "progress", JSON, Text("某阶段已清除被删除的人", "a stage has purged who was erased")),
        TopicEvent(
            "dead-letter",
            "dead-letters",
            ANY,
            Text("未被接受的消息，原样附上原因", "a message that was not admitted, as it came, with the reason"),
            ("reasonzh", "reasonen", "topic", "partition", "offset"),
        ),
    )
}


def headers(message: Outgoing, producer: str) -> list[tuple[str, bytes]]:
    """The headers of one message, sent by ``producer`` (a stage or a client).

    Example:
        >>> from streams.language.folds import Outgoing
        >>> dict(headers(Outgoing("progress", 0, "grant@1", "progress", b"{}"), "lines-0"))["ce_type"]
        b'cn.huimin.progress.v2'
    """
    event = EVENTS[message.type]
    words = {
        "content-type": event.content,
        "ce_specversion": SPECIFICATION,
        "ce_id": message.id,
        "ce_source": f"/huimin/{producer}",
        "ce_type": event.type,
    }
    if event.content == FRAME:
        words["ce_digest"] = message.body[DIGEST].hex()
    words |= {f"ce_{name}": value for name, value in message.facts.items()}
    return [(name, value.encode()) for name, value in words.items()]
