"""Times the training step of PyTorch + PEFT on random tokens: the peer of `lorafit bench step`.

With --serve it takes one step for each line on stdin, like `lorafit bench step --serve`, so that bench/interleave.mjs can
alternate between the two. Needs torch, transformers and peft. --config uses random weights, as transformers initialises them.

  eager            the usual step: model(input_ids, labels), backward, clip, fused AdamW; attention by SDPA
  labelled-head    eager with the head on labelled positions only, as in lorafit
  checkpointing    eager with gradient checkpointing
  compile          eager under torch.compile
  reduce-overhead  eager under torch.compile with its own CUDA graphs
  cuda-graph       the compiled step, forward to AdamW, captured as one CUDA graph and replayed

  float32          base and adapter in float32
  bf16             base and adapter in bfloat16
  autocast         base in bfloat16, adapter in float32, forward under autocast: transformers' Trainer with bf16=True
"""

import argparse
import json
import re
import statistics
import sys
import time

import peft
import torch
import transformers

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
ALL_LINEAR = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]
MODES = ["eager", "labelled-head", "checkpointing", "compile", "reduce-overhead", "cuda-graph"]
# Steps before the timing; torch.compile records its own CUDA graphs in the second and third.
WARMUP = 4


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    base = parser.add_mutually_exclusive_group(required=True)
    base.add_argument("--model", help="Hugging Face folder")
    base.add_argument("--config", help="folder with a config.json; random weights")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seq", type=int, default=512)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--targets", choices=["attention", "all-linear"], default="attention")
    parser.add_argument("--supervised", type=float, default=0.5, help="share of positions that are trained on")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's choice")
    parser.add_argument("--mode", choices=MODES, default="eager")
    parser.add_argument("--precision", choices=["float32", "bf16", "autocast"], default="float32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--serve", action="store_true")
    args = parser.parse_args()
    if args.mode == "cuda-graph" and args.device != "cuda":
        parser.error("--mode cuda-graph needs a GPU")
    return args


def process_memory(device):
    with open("/proc/self/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    size = lambda key: int(fields[key].split()[0]) * 1024
    memory = {"anonymous": size("RssAnon"), "mapped": size("RssFile"), "peak": size("VmHWM")}
    # Memory reserved by the allocator: it includes a replayed graph's pool, which no count of tensors does.
    return {**memory, "engine_peak": torch.cuda.max_memory_reserved() if device == "cuda" else memory["peak"]}


def device_name(device):
    if device == "cpu":
        return f"CPU, {torch.get_num_threads()} threads"
    return f"{torch.cuda.get_device_name()}, driver {driver_version()}, CUDA {torch.version.cuda}"


def driver_version(path="/proc/driver/nvidia/version"):
    """Version of NVIDIA's kernel module; "unknown" where the file is absent, as in some containers and on Windows."""
    try:
        with open(path) as file:
            found = re.search(r"\d{3}\.[\d.]+", file.read())
    except OSError:
        return "unknown"
    return found.group() if found else "unknown"


def build(args):
    torch.manual_seed(0)
    if args.threads > 0:
        torch.set_num_threads(args.threads)
    dtype = torch.float32 if args.precision == "float32" else torch.bfloat16
    kind = transformers.AutoModelForCausalLM
    how = {"dtype": dtype, "attn_implementation": "sdpa"}
    with torch.device(args.device):
        if args.config:
            base = kind.from_config(transformers.AutoConfig.from_pretrained(args.config), **how)
        else:
            base = kind.from_pretrained(args.model, **how)
    config = peft.LoraConfig(
        r=args.rank,
        lora_alpha=2 * args.rank,
        lora_dropout=0.0,
        target_modules=ATTENTION if args.targets == "attention" else ALL_LINEAR,
        task_type="CAUSAL_LM",
    )
    model = peft.get_peft_model(base, config, autocast_adapter_dtype=args.precision == "autocast").to(args.device)
    model.train()
    if args.mode == "checkpointing":
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    ids = torch.randint(3, base.config.vocab_size, (args.batch, args.seq), device=args.device)
    labels = ids.clone()
    labels[:, : int(args.seq * (1 - args.supervised))] = -100
    return model, ids, labels


def make_step(args, model, ids, labels):
    """Returns a function that takes one step and returns its loss, still on the device."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    captured = args.mode == "cuda-graph"
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.01, fused=True, capturable=captured)
    forward = model
    if args.mode in ("compile", "cuda-graph"):
        forward = torch.compile(model)
    elif args.mode == "reduce-overhead":
        forward = torch.compile(model, mode="reduce-overhead")
    causal = model.base_model.model
    # A captured graph must not reuse casts that autocast cached in another step.
    autocast = lambda: torch.autocast(args.device, torch.bfloat16, args.precision == "autocast", cache_enabled=not captured)

    def loss_of():
        if args.mode != "labelled-head":
            return forward(input_ids=ids, labels=labels, use_cache=False).loss
        hidden = causal.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        targets = labels[:, 1:]
        wanted = targets != -100
        return torch.nn.functional.cross_entropy(causal.lm_head(hidden[wanted]).float(), targets[wanted])

    def step():
        if args.mode == "reduce-overhead":
            torch.compiler.cudagraph_mark_step_begin()
        with autocast():
            loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    return capture(step) if captured else step


def capture(step):
    """Captures the whole step as one graph: "Whole-network capture" in PyTorch's notes on CUDA semantics."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay():
        graph.replay()
        return loss

    return replay


def timed(step):
    began = time.perf_counter()
    # item() waits for the device.
    loss = step().item()
    return {"ms": (time.perf_counter() - began) * 1e3, "loss": loss}


def main():
    args = parse()
    began = time.perf_counter()
    parts = build(args)
    opened = time.perf_counter()
    step = make_step(args, *parts)
    timed(step)
    compiled = time.perf_counter()
    for _ in range(WARMUP - 1):
        timed(step)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}
    ready = {
        "ready": True,
        "open_ms": (opened - began) * 1e3,
        "compile_ms": (compiled - opened) * 1e3,
        "tokens": args.batch * args.seq,
        "device": device_name(args.device),
        "versions": versions,
    }
    if args.serve:
        print(json.dumps(ready), flush=True)
        for line in sys.stdin:
            if line.strip() == "end":
                break
            print(json.dumps({**timed(step), "memory": process_memory(args.device)}), flush=True)
        return
    times = [timed(step)["ms"] for _ in range(args.steps)]
    p50 = statistics.median(times)
    p90 = statistics.quantiles(times, n=10, method="inclusive")[-1] if len(times) > 1 else p50
    result = {**ready, "step_ms": {"p50": p50, "p90": p90, "min": min(times), "max": max(times)}}
    print(json.dumps({**result, "tokens_per_second": ready["tokens"] / p50 * 1e3, "memory": process_memory(args.device)}))


if __name__ == "__main__":
    main()
