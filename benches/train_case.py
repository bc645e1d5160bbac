"""What one run of `train` is given: the network, and the images that mead reads as a table and its peers as arrays."""

import argparse
import json
import pathlib

import numpy


def arguments(description):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--case", required=True, type=json.loads, help="JSON: name, layers, shape, epochs, batch, data")
    parser.add_argument("--work", required=True, type=pathlib.Path, help="the folder of the arrays")
    parser.add_argument("--seed", required=True, type=int)
    return parser


def test_rows(rows):
    """The last fifth is not learnt from."""
    return rows // 5


def arrays(options):
    """Images / 255 as float32 [rows, height, width, channels] and int32 labels: to train on, to test on."""
    folder = options.work / options.case["data"]
    images = numpy.load(folder / "images.npy").astype(numpy.float32) / 255
    labels = numpy.load(folder / "labels.npy")
    train = len(images) - test_rows(len(images))
    return (images[:train], labels[:train]), (images[train:], labels[train:])
