"""PyTorch as a peer: pytorch-peer.py MODEL WEIGHTS.safetensors SIZE THREADS SCAN.so. Answers lines on standard input.

The networks are written as short functions over the tensors of Krait's weights file, with the data flow of the
published code (flips, stacks and transposes around the scan included); the scan itself is compiled C++. See docs/performance.md.
"""

import ctypes
import json
import resource
import struct
import sys
import time

import numpy
import torch
import torch.nn.functional as F


class Tensors:
    """The tensors below a prefix of a safetensors file: p / 'norm' goes down, p.weight is one, 'bias' in p asks."""

    def __init__(self, tensors, prefix=""):
        self._tensors, self._prefix = tensors, prefix

    @staticmethod
    def read(path):
        with open(path, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            data = file.read()
        return Tensors({
            name: torch.from_numpy(numpy.frombuffer(data[slice(*t["data_offsets"])], "<f4").copy().reshape(t["shape"]))
            for name, t in header.items() if name != "__metadata__" and t["dtype"] == "F32"})

    def __truediv__(self, name):
        return Tensors(self._tensors, f"{self._prefix}{name}.")

    def __contains__(self, name):
        return any(key.startswith(self._prefix + name) for key in self._tensors)

    def __getattr__(self, name):
        return self._tensors[self._prefix + name]

    def get(self, name):
        return self._tensors.get(self._prefix + name)

    def several(self, name):
        """p.name.0, p.name.1, ... as far as they go."""
        found = []
        while f"{name}.{len(found)}." in self:
            found.append(self / name / len(found))
        return found


class Scan:
    """y = selective scan of [B, K D, L] with [B, K, N, L]: scan.cpp."""

    def __init__(self, library):
        self._run = ctypes.CDLL(library).selective_scan
        self._run.argtypes = [ctypes.c_void_p] * 8 + [ctypes.c_long] * 5
        self.is_blind = False       # every step 0: what the network computes without its state

    def __call__(self, u, delta, a, b, c, skip, bias):
        y = torch.empty_like(u)
        batch, groups, states, length = b.shape
        operands = [t.contiguous() for t in (u, delta, a, torch.zeros_like(b) if self.is_blind else b, c, skip, bias)]
        self._run(*[t.data_ptr() for t in (*operands, y)], batch, groups, u.shape[1] // groups, length, states)
        return y


def conv(p, x, stride=1, padding=0):
    return F.conv2d(x, p.weight, p.get("bias"), stride, padding)


def layer_norm(p, x):
    return F.layer_norm(x, (x.shape[-1],), p.weight, p.bias)


def batch_norm(p, x):
    return F.batch_norm(x, p.running_mean, p.running_var, p.weight, p.bias)


def ss2d(p, x, scan):
    """[B, H, W, C]: projection, depthwise convolution, four walks, gate, projection."""
    x, z = F.linear(x, (p / "in_proj").weight).chunk(2, -1)
    x = x.permute(0, 3, 1, 2).contiguous()
    taps = p / "conv2d"
    x = F.silu(F.conv2d(x, taps.weight, taps.bias, padding=1, groups=x.shape[1]))
    batch, d, h, w = x.shape
    length, rank = h * w, p.dt_projs_weight.shape[2]
    states = (p.x_proj_weight.shape[1] - rank) // 2
    two = torch.stack([x.view(batch, d, length), x.transpose(2, 3).contiguous().view(batch, d, length)], 1)
    four = torch.cat([two, two.flip(-1)], 1)                                        # [B, 4, D, L]
    projected = torch.matmul(p.x_proj_weight, four)
    step, b, c = projected.split([rank, states, states], 2)
    step = torch.matmul(p.dt_projs_weight, step)
    y = scan(four.view(batch, -1, length), step.reshape(batch, -1, length), -torch.exp(p.A_logs), b, c, p.Ds,
             p.dt_projs_bias.view(-1)).view(batch, 4, d, length)
    back = y[:, 2:].flip(-1)
    rows, columns = y[:, 0] + back[:, 0], y[:, 1] + back[:, 1]
    y = rows + columns.view(batch, d, w, h).transpose(2, 3).reshape(batch, d, length)
    y = layer_norm(p / "out_norm", y.transpose(1, 2).reshape(batch, h, w, d))
    return F.linear(y * F.silu(z), (p / "out_proj").weight)


def vss(p, x, scan):
    for block in p.several("blocks"):
        x = x + ss2d(block / "self_attention", layer_norm(block / "ln_1", x), scan)
    return x


def merge(p, x):
    x = torch.cat([x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)], -1)
    return F.linear(layer_norm(p / "norm", x), (p / "reduction").weight)


def expand(p, x, side):
    x = F.linear(x, (p / "expand").weight)
    batch, h, w, c = x.shape
    x = x.view(batch, h, w, side, side, -1).permute(0, 1, 3, 2, 4, 5).reshape(batch, h * side, w * side, -1)
    return layer_norm(p / "norm", x)


def vss_encoder(p, image, scan):
    """The map before each stage, and the last stage's (which VM-UNetV2 computes and drops)."""
    embed = p / "patch_embed"
    x = layer_norm(embed / "norm", conv(embed / "proj", image, stride=4).permute(0, 2, 3, 1))
    before = []
    for stage in p.several("layers"):
        before.append(x)
        x = vss(stage, x, scan)
        if "downsample" in stage:
            x = merge(stage / "downsample", x)
    return before, x


def vmunet(p, image, scan):
    p = p / "vmunet"
    skips, x = vss_encoder(p, image, scan)
    for i, stage in enumerate(p.several("layers_up")):
        x = x + skips[-i] if i else x
        x = vss(stage, expand(stage / "upsample", x, 2) if i else x, scan)
    return conv(p / "final_conv", expand(p / "final_up", x, 4).permute(0, 3, 1, 2))


def attend(p, x, i):
    """Channel and spatial attention, then the decoder's width."""
    channel = p / f"ca_{i}"
    squeeze = [conv(channel / "fc2", F.relu(conv(channel / "fc1", pool(x, 1))))
               for pool in (F.adaptive_avg_pool2d, F.adaptive_max_pool2d)]
    x = x * torch.sigmoid(squeeze[0] + squeeze[1])
    seen = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
    x = x * torch.sigmoid(conv(p / f"sa_{i}" / "conv1", seen, padding=3))
    translate = p / f"Translayer_{i}"
    return batch_norm(translate / "bn", conv(translate / "conv", x))


def sdi(p, maps, anchor):
    size, product = anchor.shape[2:], 1
    for x, taps in zip(maps, p.several("convs")):
        if x.shape[2] > size[0]:
            x = F.adaptive_avg_pool2d(x, size)
        elif x.shape[2] < size[0]:
            x = F.interpolate(x, size, mode="bilinear", align_corners=True)
        product = product * conv(taps, x, padding=1)
    return product


def vmunetv2(p, image, scan):
    before, _ = vss_encoder(p / "vmunet", image, scan)
    f = [attend(p, x.permute(0, 3, 1, 2).contiguous(), i + 1) for i, x in enumerate(before)]
    y = sdi(p / "sdi_4", f, f[3])
    outs = []
    for i in (2, 3, 4):
        y = F.conv_transpose2d(y, (p / f"deconv{i}").weight, None, 2, 1) + sdi(p / f"sdi_{5 - i}", f, f[4 - i])
        outs.append(conv(p / "seg_outs" / (i - 1), y))
    fine, coarse = [F.interpolate(x, scale_factor=4, mode="bilinear") for x in (outs[2], outs[1])]
    last = p / "deconv6"
    return fine + F.conv_transpose2d(coarse, last.weight, last.bias, 2, 1, 1)


def nnunet(p, image, scan):
    """The plain network, its finest output."""
    def convs(p, x, stride):
        for unit in p.several("convs"):
            norm = unit / "norm"
            x = F.instance_norm(conv(unit / "conv", x, stride, 1), weight=norm.weight, bias=norm.bias)
            x, stride = F.leaky_relu_(x, 0.01), 1
        return x

    maps, x = [], image
    for stage in (p / "encoder").several("stages"):
        x = convs(stage / 0, x, 2 if maps else 1)
        maps.append(x)
    decoder = p / "decoder"
    for up, stage, skip in zip(decoder.several("transpconvs"), decoder.several("stages"), maps[-2::-1]):
        x = convs(stage, torch.cat([F.conv_transpose2d(x, up.weight, up.bias, 2), skip], 1), 1)
    return conv(decoder.several("seg_layers")[-1], x)


def main():
    model, weights, size, threads, library = sys.argv[1:]
    torch.set_num_threads(int(threads))
    p, scan = Tensors.read(weights), Scan(library)
    image = logits = None

    def run():
        nonlocal logits
        start = time.perf_counter()
        logits = globals()[model](p, image, scan)
        return f"{1000 * (time.perf_counter() - start):.3f}"

    print("ready", flush=True)
    for line in sys.stdin:
        verb, _, argument = line.strip().partition(" ")
        answer = "ok"
        if verb == "input":
            pixels = torch.from_numpy(numpy.fromfile(argument, "<f4")).view(1, int(size), int(size), -1)
            image = pixels.permute(0, 3, 1, 2).contiguous()
        elif verb == "run":
            answer = run()
        elif verb == "blind":
            scan.is_blind = argument == "on"
        elif verb == "output":
            logits.permute(0, 2, 3, 1).contiguous().numpy().tofile(argument)
        elif verb == "memory":
            answer = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}"
        else:
            answer = f"error: unknown line '{verb}'"
        print(answer, flush=True)


if __name__ == "__main__":
    with torch.inference_mode():
        main()
