"""Times the training step of PyTorch + PEFT on random tokens: the peer of `lorafit bench step`.

With --serve it takes one step for each line on stdin, as `lorafit bench step --serve` does, so that bench/duel.mjs can let
the two take turns. Needs torch, transformers and peft.

  eager          the step as a person writes it: model(input_ids, labels), backward, clip, AdamW
  labelled-head  the same, with the head computed on labelled positions only, as lorafit does
  checkpointing  eager with gradient checkpointing
  compile        eager under torch.compile
"""

import argparse
import json
import statistics
import sys
import time

import peft
import torch
import transformers

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
ALL_LINEAR = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="Hugging Face folder")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seq", type=int, default=512)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--targets", choices=["attention", "all-linear"], default="attention")
    parser.add_argument("--supervised", type=float, default=0.5, help="share of positions that are trained on")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's choice")
    parser.add_argument("--mode", choices=["eager", "labelled-head", "checkpointing", "compile"], default="eager")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--serve", action="store_true")
    return parser.parse_args()


def process_memory():
    with open("/proc/self/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    size = lambda key: int(fields[key].split()[0]) * 1024
    return {"anonymous": size("RssAnon"), "mapped": size("RssFile"), "peak": size("VmHWM")}


def build(args):
    torch.manual_seed(0)
    if args.threads > 0:
        torch.set_num_threads(args.threads)
    base = transformers.AutoModelForCausalLM.from_pretrained(
        args.model, dtype=torch.float32, attn_implementation="sdpa"
    )
    config = peft.LoraConfig(
        r=args.rank,
        lora_alpha=2 * args.rank,
        lora_dropout=0.0,
        target_modules=ATTENTION if args.targets == "attention" else ALL_LINEAR,
        task_type="CAUSAL_LM",
    )
    model = peft.get_peft_model(base, config)
    model.train()
    if args.mode == "checkpointing":
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    ids = torch.randint(3, base.config.vocab_size, (args.batch, args.seq))
    labels = ids.clone()
    labels[:, : int(args.seq * (1 - args.supervised))] = -100
    return model, ids, labels


def make_step(args, model, ids, labels):
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.01)
    forward = torch.compile(model) if args.mode == "compile" else model
    causal = model.base_model.model

    def loss_of():
        if args.mode != "labelled-head":
            return forward(input_ids=ids, labels=labels, use_cache=False).loss
        hidden = causal.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        targets = labels[:, 1:]
        wanted = targets != -100
        return torch.nn.functional.cross_entropy(causal.lm_head(hidden[wanted]), targets[wanted])

    def step():
        began = time.perf_counter()
        loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        value = loss.item()
        return {"ms": (time.perf_counter() - began) * 1e3, "loss": value}

    return step


def main():
    args = parse()
    began = time.perf_counter()
    step = make_step(args, *build(args))
    opened = time.perf_counter()
    first = step()["ms"]
    step()
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}
    ready = {
        "ready": True,
        "open_ms": (opened - began) * 1e3,
        "compile_ms": first,
        "tokens": args.batch * args.seq,
        "versions": versions,
    }
    if args.serve:
        print(json.dumps(ready), flush=True)
        for line in sys.stdin:
            if line.strip() == "end":
                break
            print(json.dumps({**step(), "memory": process_memory()}), flush=True)
        return
    times = [step()["ms"] for _ in range(args.steps)]
    p50 = statistics.median(times)
    result = {**ready, "step_ms": {"p50": p50, "min": min(times), "max": max(times)}}
    print(json.dumps({**result, "tokens_per_second": ready["tokens"] / p50 * 1e3, "memory": process_memory()}))


if __name__ == "__main__":
    main()
