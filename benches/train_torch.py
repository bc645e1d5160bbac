"""One training in PyTorch: the plain loop, on tensors in memory, batches cut from a permutation. Kernels are chosen in the
first epoch, so the speed is that of the others."""

import time

import torch
from torch import nn

from common import figure, note
from layers import network
from train_case import arguments, arrays

ACTIVATIONS = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


def padding_of(layer, kernel, stride):
    """PyTorch has 'same' for steps of 1 only; half the kernel gives the same size of output for odd kernels."""
    if layer.padding() == "valid":
        return 0
    if stride == (1, 1):
        return "same"
    return tuple((size - 1) // 2 for size in kernel)


def modules_of(layer):
    activation = None
    match layer.name:
        case "avgpool" | "maxpool" if layer.padding() == "valid":
            kind = nn.MaxPool2d if layer.name == "maxpool" else nn.AvgPool2d
            window = layer.pair(0)
            found = kind(window, stride=layer.stride(window))
        case "batchnorm":
            # What Keras and mead have: PyTorch weighs the batch where they weigh the running mean.
            found = nn.LazyBatchNorm2d(eps=1e-3, momentum=0.01)
        case "conv2d":
            kernel, stride = layer.pair(1), layer.stride((1, 1))
            padding = padding_of(layer, kernel, stride)
            found = nn.LazyConv2d(layer.size(), kernel, stride=stride, padding=padding)
            activation = layer.activation(2)
        case "dense":
            found, activation = nn.LazyLinear(layer.size()), layer.activation(1)
        case "dropout":
            found = nn.Dropout(float(layer.arguments[0]))
        case "flatten":
            found = nn.Flatten()
        case "globalavgpool":
            found = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case name if name in ACTIVATIONS:
            found = ACTIVATIONS[name]()
        case _:
            return layer.unknown("PyTorch")
    # CrossEntropyLoss takes what comes before the softmax.
    return [found] if activation in (None, "softmax") else [found, ACTIVATIONS[activation]()]


def main():
    options = arguments(__doc__).parse_args()
    case, batch = options.case, options.case["batch"]
    train, test = arrays(options)
    tensors = [torch.from_numpy(array) for array in (*train, *test)]
    images, labels, test_images, test_labels = tensors
    # PyTorch has channels first.
    images, test_images = (each.permute(0, 3, 1, 2).contiguous() for each in (images, test_images))
    labels, test_labels = labels.long(), test_labels.long()
    torch.manual_seed(options.seed)
    model = nn.Sequential(*[module for layer in network(case) for module in modules_of(layer)])
    with torch.no_grad():
        model.eval()(images[:1])
    optimizer = torch.optim.Adam(model.parameters())
    loss_of = nn.CrossEntropyLoss()
    epochs = []
    model.train()
    for _ in range(case["epochs"]):
        start = time.perf_counter()
        order = torch.randperm(len(images))
        for at in range(0, len(images), batch):
            chosen = order[at : at + batch]
            optimizer.zero_grad()
            loss = loss_of(model(images[chosen]), labels[chosen])
            loss.backward()
            optimizer.step()
        epochs.append(time.perf_counter() - start)
    model.eval()
    with torch.no_grad():
        accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
    speed = len(images) * (case["epochs"] - 1) / sum(epochs[1:])
    figure("torch samples/s", speed)
    figure("torch accuracy", accuracy)
    note(
        f"{case['name']}, seed {options.seed}: torch {speed:.0f} samples/s, accuracy {accuracy:.4f}, "
        f"{torch.get_num_threads()} threads, first epoch {epochs[0]:.2f} s, all {sum(epochs):.2f} s"
    )


main()
