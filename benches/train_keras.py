"""One training in Keras: `fit` as its users call it, on arrays in memory. TensorFlow traces its graph in the first epoch,
so the speed is that of the others."""

import time

import keras

from common import figure, note
from layers import ACTIVATIONS, network
from train_case import arguments, arrays


def layer_of(layer):
    layers = keras.layers
    match layer.name:
        case "avgpool" | "maxpool":
            kind = layers.MaxPooling2D if layer.name == "maxpool" else layers.AveragePooling2D
            window = layer.pair(0)
            return kind(window, strides=layer.stride(window), padding=layer.padding())
        case "batchnorm":
            return layers.BatchNormalization()
        case "conv2d":
            return layers.Conv2D(
                layer.size(),
                layer.pair(1),
                strides=layer.stride((1, 1)),
                padding=layer.padding(),
                activation=layer.activation(2),
            )
        case "dense":
            return layers.Dense(layer.size(), activation=layer.activation(1))
        case "dropout":
            return layers.Dropout(float(layer.arguments[0]))
        case "flatten":
            return layers.Flatten()
        case "globalavgpool":
            return layers.GlobalAveragePooling2D()
        case name if name in ACTIVATIONS:
            return layers.Activation(name)
        case _:
            return layer.unknown("Keras")


class Clock(keras.callbacks.Callback):
    """Seconds of each epoch."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(time.perf_counter() - self.start)


def main():
    options = arguments(__doc__).parse_args()
    case = options.case
    (images, labels), test = arrays(options)
    keras.utils.set_random_seed(options.seed)
    model = keras.Sequential([keras.Input(case["shape"]), *map(layer_of, network(case))])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    clock = Clock()
    model.fit(images, labels, batch_size=case["batch"], epochs=case["epochs"], verbose=0, callbacks=[clock])
    accuracy = model.evaluate(*test, verbose=0)[1]
    speed = len(images) * (case["epochs"] - 1) / sum(clock.epochs[1:])
    figure("keras samples/s", speed)
    figure("keras accuracy", accuracy)
    note(
        f"{case['name']}, seed {options.seed}: keras {speed:.0f} samples/s, accuracy {accuracy:.4f}, "
        f"first epoch {clock.epochs[0]:.2f} s, all {sum(clock.epochs):.2f} s"
    )


main()
