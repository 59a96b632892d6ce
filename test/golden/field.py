"""Compares lorafit's logits with transformers and PEFT on bases and adapters as other tools write them.

    pip install torch transformers peft
    python test/golden/field.py node dist/cli.js

Writes nothing; prints the largest difference of each case, or what lorafit says where it refuses one. Every case must agree, or be
refused with exit code 3 (5 for an adapter of another base); the last line counts them.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
LORAFIT = sys.argv[1:]
SIZES = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
             tie_word_embeddings=True, rms_norm_eps=1e-5)
IDS = torch.randint(0, 96, (2, 24), generator=torch.Generator().manual_seed(3))
counts = {"agreed": 0, "refused": 0, "wrong": 0}


def base(folder, model, config=None, tensors=None, drop=(), dtype=None):
    model.save_pretrained(folder)
    path = pathlib.Path(folder) / "config.json"
    written = {**json.loads(path.read_text()), **(config or {})}
    path.write_text(json.dumps({key: value for key, value in written.items() if key not in drop}))
    if tensors or dtype:
        path = pathlib.Path(folder) / "model.safetensors"
        stored = {**load_file(path), **(tensors or {})}
        save_file({name: value.to(dtype or value.dtype) for name, value in stored.items()}, path, metadata={"format": "pt"})


def adapter(folder, model, edit=None, keys=None, dtype=None, **config):
    torch.manual_seed(5)
    tuned = get_peft_model(model, LoraConfig(**{"r": 4, "lora_alpha": 8, **config}))
    for name, parameter in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    tuned.save_pretrained(folder)
    path = pathlib.Path(folder) / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **(edit or {})}))
    path = pathlib.Path(folder) / "adapter_model.safetensors"
    stored = {name: value.to(dtype or value.dtype) for name, value in load_file(path).items()}
    save_file(keys(stored) if keys else stored, path, metadata={"format": "pt"})


def compare(name, model, adapted=None):
    with tempfile.TemporaryDirectory() as work:
        batch, out = f"{work}/batch.json", f"{work}/out.safetensors"
        pathlib.Path(batch).write_text(json.dumps({"input_ids": IDS.tolist(), "labels": IDS.tolist()}))
        flags = ["--adapter", adapted] if adapted else []
        run = subprocess.run([*LORAFIT, "debug", "logits", "--model", model, "--batch", batch, "--engine", "reference", "--out", out, *flags], capture_output=True, text=True)
        if run.returncode != 0:
            named = run.returncode == 3 or (adapted and run.returncode == 5)
            counts["refused" if named else "wrong"] += 1
            print(f"{name:45} {'refused' if named else f'EXIT CODE {run.returncode}'}: {' '.join(run.stderr.split())[-160:]}", flush=True)
            return
        reference = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, attn_implementation="eager").eval()
        if adapted:
            reference = PeftModel.from_pretrained(reference, adapted).eval()
        with torch.no_grad():
            expected = reference(IDS).logits
        got = next(iter(load_file(out).values())).float()
        difference = (got - expected).abs().max().item()
        agrees = difference < 1e-3
        counts["agreed" if agrees else "wrong"] += 1
        print(f"{name:45} {difference:.1e} of {expected.abs().max().item():.1f}{'' if agrees else ' WRONG'}{' (' + ' '.join(run.stderr.split())[:120] + ')' if run.stderr else ''}", flush=True)


with tempfile.TemporaryDirectory() as root:
    torch.manual_seed(1)
    llama = LlamaForCausalLM(LlamaConfig(**SIZES))
    plain, folder = f"{root}/plain", iter(f"{root}/{i}" for i in range(199))
    base(plain, llama)
    compare("llama", plain)
    rope = {"rope_theta": 10000.0, "rope_type": "default", "partial_rotary_factor": 1.0}
    for name, config, tensors in [
        ("rotary factor of 1", {"rope_parameters": rope}, None),
        ("head beside the tie flag", None, {"lm_head.weight": torch.randn(96, 32)}),
        ("head equal to the embedding", None, {"lm_head.weight": llama.model.embed_tokens.weight.detach().clone()}),
    ]:
        base(at := next(folder), llama, config, tensors)
        compare(name, at)
    quantised = {"weight_block_size": [128, 128], "bits": 4, "group_size": 128}
    for name, config, options in [
        *[(f"quantised by {method}", {"quantization_config": {"quant_method": method, **quantised}}, {}) for method in ["fp8", "bitsandbytes", "awq", "gptq", "compressed-tensors", "mxfp4"]],
        ("float8 weights", {}, {"dtype": torch.float8_e4m3fn}),
        ("bfloat16", {}, {"dtype": torch.bfloat16}),
        ("float16", {}, {"dtype": torch.float16}),
        ("float64", {}, {"dtype": torch.float64}),
        ("no rms_norm_eps", {}, {"drop": ["rms_norm_eps"]}),
        ("no head_dim", {}, {"drop": ["head_dim"]}),
        ("no max_position_embeddings", {}, {"drop": ["max_position_embeddings"]}),
        ("torch_dtype of transformers 4", {"torch_dtype": "float32", "rope_theta": 10000.0, "rope_scaling": None}, {"drop": ["dtype", "rope_parameters"]}),
        ("keys of training tools", {"_attn_implementation_autoset": True, "unsloth_version": "2026.1", "unsloth_fixed": True, "use_cache": False, "pretraining_tp": 1, "_name_or_path": "x"}, {}),
        ("layer_types", {"layer_types": ["full_attention"] * 2}, {}),
        ("rotary tables of old checkpoints", {}, {"tensors": {f"model.layers.{i}.self_attn.rotary_emb.inv_freq": torch.ones(4) for i in range(2)}}),
        ("a tensor of another model", {}, {"tensors": {"model.layers.0.self_attn.q_norm.weight": torch.ones(8)}}),
        ("pad_token_id -1 of Llama 1", {"pad_token_id": -1}, {}),
        ("end tokens as a list", {"eos_token_id": [1, 2, 95]}, {}),
        ("end token out of the vocabulary", {"eos_token_id": 4096}, {}),
        ("rope_theta as a whole number", {"rope_theta": 500000, "rope_parameters": None}, {}),
        ("max_position_embeddings 10^15", {"max_position_embeddings": 10**15}, {}),
        ("3,000,000 layers", {"num_hidden_layers": 3_000_000}, {}),
        ("gelu", {"hidden_act": "gelu"}, {}),
        ("logit softcapping", {"final_logit_softcapping": 30.0}, {}),
        ("sliding_window in Llama", {"sliding_window": 8}, {}),
        *[(f"rope {kind}", {"rope_parameters": {"rope_type": kind, "rope_theta": 10000.0, **more}}, {}) for kind, more in [
            ("linear", {"factor": 2.0}), ("dynamic", {"factor": 2.0}), ("yarn", {"factor": 4.0, "original_max_position_embeddings": 32}),
            ("llama3", {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}),
            ("longrope", {"short_factor": [1.0] * 4, "long_factor": [2.0] * 4, "factor": 2.0, "original_max_position_embeddings": 64}), ("su", {"short_factor": [1.0] * 4, "long_factor": [2.0] * 4})]],
        ("rope_scaling of transformers 4", {"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4.0}}, {"drop": ["rope_parameters"]}),
    ]:
        base(at := next(folder), llama, config, **options)
        compare(name, at)
    for name, changes in [
        ("biases of attention", {"attention_bias": True}), ("biases of the MLP", {"mlp_bias": True}), ("heads wider than the model", {"head_dim": 16}),
        ("as many key heads as query heads", {"num_key_value_heads": 4}), ("one key head", {"num_key_value_heads": 1}), ("untied", {"tie_word_embeddings": False}),
        ("untied with biases", {"tie_word_embeddings": False, "attention_bias": True, "mlp_bias": True}), ("one layer", {"num_hidden_layers": 1}),
    ]:
        model = LlamaForCausalLM(LlamaConfig(**{**SIZES, **changes}))
        for name_of, parameter in model.named_parameters():
            if name_of.endswith("bias"):
                torch.nn.init.normal_(parameter, std=0.2)
        base(at := next(folder), model)
        compare(name, at)
    llama.save_pretrained(at := next(folder), max_shard_size="20KB")
    compare("shards with their index", at)
    index = pathlib.Path(at) / "model.safetensors.index.json"
    shutil.copytree(at, cut := next(folder))
    next(pathlib.Path(cut).glob("model-00002-*")).unlink()
    compare("a shard that is missing", cut)
    (pathlib.Path(at) / "model.safetensors.index.json").write_text(json.dumps({"weight_map": json.loads(index.read_text())["weight_map"], "metadata": {}}))
    compare("an index without the total size", at)
    base(at := next(folder), llama)
    torch.save(llama.state_dict(), f"{at}/pytorch_model.bin")
    pathlib.Path(at, "model.safetensors").unlink()
    compare("pytorch_model.bin", at)
    llama.model.save_pretrained(at := next(folder))
    compare("the model without its head", at)
    resized = LlamaForCausalLM(LlamaConfig(**SIZES))
    resized.resize_token_embeddings(104)
    base(at := next(folder), resized)
    compare("resized embedding", at)
    for kind, more in [("mistral", {"sliding_window": None}), ("mistral", {"sliding_window": 4096}), ("mistral", {"sliding_window": 8}), ("qwen3", {}), ("granite", {"embedding_multiplier": 12.0, "logits_scaling": 8.0}),
                       ("smollm3", {"pad_token_id": 0}), ("gemma3_text", {"head_dim": 8, "sliding_window": 8}), ("gemma2", {"head_dim": 8}), ("phi3", {"pad_token_id": 0}), ("olmo2", {}), ("mixtral", {"num_local_experts": 2}),
                       ("qwen2_moe", {"num_experts": 2}), ("cohere", {}), ("starcoder2", {})]:
        try:
            model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{**SIZES, **more}))
        except Exception as error:
            print(f"{kind}: transformers cannot build it: {error}")
            continue
        base(at := next(folder), model)
        compare(f"{kind} {more or ''}", at)
    qwen2 = Qwen2ForCausalLM(Qwen2Config(**SIZES))
    for name, config in [("qwen2", {}), ("qwen2, window after the last layer", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 2, "layer_types": None}),
                         ("qwen2, window used", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1, "layer_types": None})]:
        base(at := next(folder), qwen2, config)
        compare(name, at)
    unsloth = r"(?:.*?(?:language|text).*?(?:self_attn|mlp).*?(?:q_proj|v_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|mlp)\.(?:(?:q_proj|v_proj)))"
    for name, config in [
        ("names", {"target_modules": ["q_proj", "up_proj"]}),
        ("all-linear", {"target_modules": "all-linear"}),
        ("expression of another tool", {"target_modules": unsloth}),
        ("expression with look-ahead", {"target_modules": r"model\.layers\.(?!0\.)\d+\.self_attn\.(q_proj|v_proj)"}),
        ("exclude_modules", {"target_modules": ["q_proj", "v_proj"], "exclude_modules": ["model.layers.0.self_attn.q_proj"]}),
        ("layers_to_transform", {"target_modules": ["q_proj"], "layers_to_transform": [1]}),
        ("rank_pattern, alpha_pattern", {"target_modules": ["q_proj", "v_proj"], "rank_pattern": {r"layers\.0\..*q_proj": 2}, "alpha_pattern": {"v_proj": 32, "q_proj": 1}}),
        ("anchors in alpha_pattern", {"target_modules": ["q_proj", "v_proj"], "alpha_pattern": {"^q_proj": 64, r"^model\.layers\.1\.self_attn\.v_proj$": 32, "proj$": 128}}),
        ("rslora", {"target_modules": ["q_proj"], "use_rslora": True}),
        ("modules_to_save", {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}),
        ("pissa", {"target_modules": ["q_proj"], "init_lora_weights": "pissa"}),
        ("bias", {"target_modules": ["q_proj"], "bias": "all"}),
        ("dora", {"target_modules": ["q_proj"], "use_dora": True}),
        ("lora_bias", {"target_modules": ["q_proj"], "lora_bias": True}),
        ("trainable_token_indices", {"target_modules": ["q_proj"], "trainable_token_indices": [1, 2]}),
        ("target_parameters", {"target_modules": ["q_proj"], "target_parameters": ["mlp.up_proj.weight"]}),
        ("layer_replication", {"target_modules": ["q_proj"], "layer_replication": [[0, 2], [1, 2]]}),
        ("embedding as a target", {"target_modules": ["q_proj", "embed_tokens"]}),
        ("head as a target", {"target_modules": ["q_proj", "lm_head"]}),
        ("fan_in_fan_out", {"target_modules": ["q_proj"], "fan_in_fan_out": True}),
        *[(f"init {init}", {"target_modules": ["q_proj"], "init_lora_weights": init}) for init in ["gaussian", False, "orthogonal", "olora", "pissa_niter_4"]],
        ("eva", {"target_modules": ["q_proj"], "edit": {"init_lora_weights": "eva", "eva_config": {"rho": 2.0}}}),
        ("corda", {"target_modules": ["q_proj"], "edit": {"init_lora_weights": "corda", "corda_config": {"corda_method": "ipm"}}}),
        ("loftq", {"target_modules": ["q_proj"], "edit": {"init_lora_weights": "loftq", "loftq_config": {"loftq_bits": 4}}}),
        ("layers_pattern", {"target_modules": ["q_proj", "v_proj"], "layers_to_transform": [0], "layers_pattern": "layers"}),
        ("exclude_modules as an expression", {"target_modules": ["q_proj", "v_proj"], "exclude_modules": r".*layers\.0\..*"}),
        ("rank_pattern by an ending", {"target_modules": ["q_proj", "v_proj"], "rank_pattern": {"layers.1.self_attn.v_proj": 8}}),
        ("rslora with rank and alpha patterns", {"target_modules": "all-linear", "use_rslora": True, "rank_pattern": {"q_proj": 2}, "alpha_pattern": {"q_proj": 3}}),
        ("keys of Unsloth", {"target_modules": ["q_proj"], "edit": {"auto_mapping": {"base_model_class": "LlamaForCausalLM", "parent_library": "transformers.models.llama.modeling_llama", "unsloth_fixed": True}}}),
        ("keys of LLaMA-Factory", {"target_modules": ["q_proj", "v_proj"], "lora_dropout": 0.05, "task_type": "CAUSAL_LM", "edit": {"base_model_name_or_path": "/models/x", "revision": None}}),
        ("bfloat16 factors", {"target_modules": ["q_proj"], "dtype": torch.bfloat16}),
        ("float16 factors", {"target_modules": ["q_proj"], "dtype": torch.float16}),
        ("a target that is missing in the file", {"target_modules": ["q_proj", "v_proj"], "keys": lambda all: {name: value for name, value in all.items() if "layers.1.self_attn.v_proj" not in name}}),
        ("a B without its A", {"target_modules": ["q_proj"], "keys": lambda all: {name: value for name, value in all.items() if "layers.1.self_attn.q_proj.lora_A" not in name}}),
        ("factors of a third layer", {"target_modules": ["q_proj"], "keys": lambda all: {**all, **{name.replace("layers.1", "layers.2"): value.clone() for name, value in all.items()}}}),
        ("names with the adapter's name", {"target_modules": ["q_proj"], "keys": lambda all: {name.replace(".weight", ".default.weight"): value for name, value in all.items()}}),
        ("lora_alpha 1e38", {"target_modules": ["q_proj"], "edit": {"lora_alpha": 1e38}}),
        ("an expression that is none", {"target_modules": ["q_proj"], "edit": {"target_modules": "(q_proj"}}),
        ("an expression that matches nothing", {"target_modules": ["q_proj"], "edit": {"target_modules": "nothing"}}),
    ]:
        try:
            adapter(at := next(folder), AutoModelForCausalLM.from_pretrained(plain), **config)
        except Exception as error:
            print(f"adapter: {name}: PEFT cannot write it: {error}")
            continue
        compare(f"adapter: {name}", plain, at)
    adapter(at := next(folder), AutoModelForCausalLM.from_pretrained(plain), target_modules=["q_proj"])
    pathlib.Path(at, "adapter_model.safetensors").rename(f"{at}/adapters.safetensors")
    pathlib.Path(at, "adapter_config.json").write_text(json.dumps({"fine_tune_type": "lora", "num_layers": 16, "lora_parameters": {"rank": 8, "scale": 20.0, "dropout": 0.0}, "model": "x"}))
    compare("adapter: of mlx-lm", plain, at)

print(counts)
assert counts["wrong"] == 0
