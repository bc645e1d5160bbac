"""mead's layer strings, `name(arguments…, activation, option=value…)`, taken apart for the peers that build the same network."""

import dataclasses

from common import fail

ACTIVATIONS = ("elu", "gelu", "leaky_relu", "relu", "sigmoid", "softmax", "tanh")


@dataclasses.dataclass
class Layer:
    """One string's parts. Sizes are (height, width)."""

    text: str
    name: str
    arguments: list
    options: dict

    def size(self):
        """The first argument, a number."""
        return int(self.arguments[0])

    def pair(self, index):
        return pair(self.arguments[index])

    def stride(self, default):
        return pair(self.options["stride"]) if "stride" in self.options else default

    def padding(self):
        return self.options.get("padding", "valid")

    def activation(self, index):
        """The activation behind the other arguments, or None."""
        found = self.arguments[index] if index < len(self.arguments) else "linear"
        return None if found == "linear" else found

    def unknown(self, peer):
        fail(f"{peer} is not taught \"{self.text}\"")


def pair(text):
    first, _, second = text.partition("x")
    return int(first), int(second or first)


def parse(text):
    name, _, inside = text.strip().rstrip(")").partition("(")
    parts = [part.strip() for part in inside.split(",") if part.strip()]
    options = dict(part.split("=") for part in parts if "=" in part)
    unknown = set(options) - {"stride", "padding"}
    if unknown:
        fail(f"\"{text}\" has options that peers are not taught: {sorted(unknown)}")
    return Layer(text, name, [part for part in parts if "=" not in part], options)


def network(case):
    return [parse(text) for text in case["layers"]]
