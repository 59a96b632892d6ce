"""Goldens in float64 from PyTorch + PEFT, in the file forms of `lorafit debug`.

    python test/golden/make.py CASE_DIR ...        (torch, transformers, peft, safetensors)

A case folder NAME holds model/, batch.json and one folder for each adapter. `--new` first makes the models, batches and
adapters of the cases below with random weights; without it only the expected values are made again. Every document of a
packed row is run by itself and the sums are added, so nothing here depends on a packed attention mask.

transformers computes norms and rotary angles in float32 whatever the model's dtype, and the vector library that torch is
linked with rounds 5 % of the cosines the other way (errors up to 0.60 units in the last place; other processors differ).
Here norms are float64, and powers, cosines and sines of the angles are float32 rounded to nearest, so that the goldens do
not depend on the machine. `--as-torch` leaves all that as it comes: the values then move by up to 1.3e-6 (logits), 3e-6
(gradients) and 6e-6 (after three AdamW steps) of the largest entry.
"""
import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers.models.gemma3.modeling_gemma3 import Gemma3RMSNorm, Gemma3TextScaledWordEmbedding
from transformers.models.granite.modeling_granite import GraniteRMSNorm
from transformers.models.lfm2.modeling_lfm2 import Lfm2RMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm, apply_rotary_pos_emb
from transformers.models.mistral.modeling_mistral import MistralRMSNorm
from transformers.models.modernbert import modeling_modernbert
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm
from transformers.models.qwen3.modeling_qwen3 import Qwen3RMSNorm
from transformers.models.smollm3.modeling_smollm3 import SmolLM3RMSNorm

HERE = Path(__file__).parent
if "--as-torch" not in sys.argv:

    def norm(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)

    def gemma_norm(self, x):
        return (1 + self.weight) * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    # transformers multiplies by sqrt(hidden_size) in the dtype of the embeddings: float32 in the model that is compared.
    def scaled_embedding(self, ids, embed=torch.nn.Embedding.forward):
        return embed(self, ids) * torch.tensor(self.scalar_embed_scale, dtype=torch.float32).double()

    for module in (LlamaRMSNorm, Qwen2RMSNorm, Qwen3RMSNorm, MistralRMSNorm, GraniteRMSNorm, SmolLM3RMSNorm, Lfm2RMSNorm):
        module.forward = norm
    # ModernBERT rotates in float32 whatever the model's dtype.
    modeling_modernbert.apply_rotary_pos_emb = apply_rotary_pos_emb
    Gemma3RMSNorm.forward = gemma_norm
    Gemma3TextScaledWordEmbedding.forward = scaled_embedding
    torch.Tensor.cos = lambda x, cos=torch.Tensor.cos: cos(x.double()).to(x.dtype)
    torch.Tensor.sin = lambda x, sin=torch.Tensor.sin: sin(x.double()).to(x.dtype)
    torch.Tensor.__rpow__ = lambda x, base: torch.pow(base, x.double()).to(x.dtype)
STEPS, RATE, DECAY, CLIP = 3, 1e-3, 0.01, 1.0
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

NEW = {
    # Untied head, head size other than hidden / heads, biases, llama3 positions, rsLoRA with patterns;
    # right padding without segments, and a row without labels.
    "untied-llama3": dict(
        config=dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=1, head_dim=12, intermediate_size=48,
                    vocab_size=101, tie_word_embeddings=False, attention_bias=True, mlp_bias=True, max_position_embeddings=128, rms_norm_eps=1e-6,
                    rope_parameters=dict(rope_type="llama3", rope_theta=500000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                         original_max_position_embeddings=32)),
        adapters={"rslora": dict(r=4, lora_alpha=6, use_rslora=True, target_modules=ALL, rank_pattern={"layers.0.self_attn.q_proj": 2, "down_proj": 6},
                                 alpha_pattern={"layers.1.mlp.up_proj": 3, "k_proj": 9})},
        batch=lambda: padded_batch(3, 40, 101)),
    # Linear position scaling, few targets, three documents in a row.
    "linear-packed": dict(
        config=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=3, intermediate_size=40, vocab_size=67,
                    tie_word_embeddings=True, max_position_embeddings=64, rms_norm_eps=1e-5,
                    rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0)),
        adapters={"vdown": dict(r=5, lora_alpha=10, target_modules=["v_proj", "down_proj"])},
        batch=lambda: packed_batch(2, 30, 67, [[7, 13, 6], [20, 8]])),
    # Biases at q, k and v only.
    "qwen2": dict(
        family="qwen2",
        config=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, intermediate_size=32, vocab_size=61,
                    tie_word_embeddings=True, max_position_embeddings=64, rms_norm_eps=1e-6, rope_parameters=dict(rope_type="default", rope_theta=1e6)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: padded_batch(2, 24, 61)),
    # Own head size, no biases, a window that covers the context.
    "mistral": dict(
        family="mistral",
        config=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8, intermediate_size=40, vocab_size=59,
                    tie_word_embeddings=False, max_position_embeddings=64, sliding_window=64, rms_norm_eps=1e-5,
                    rope_parameters=dict(rope_type="default", rope_theta=1e4)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: packed_batch(2, 26, 59, [[9, 12], [26]])),
    # A window of 5 in every layer, shorter than the rows.
    "mistral-window": dict(
        family="mistral",
        config=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=6, intermediate_size=40, vocab_size=59,
                    tie_word_embeddings=True, max_position_embeddings=64, sliding_window=5, rms_norm_eps=1e-5,
                    rope_parameters=dict(rope_type="default", rope_theta=1e4)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: packed_batch(2, 26, 59, [[9, 12], [26]])),
    # A window of 7 in the layers from the second on.
    "qwen2-window": dict(
        family="qwen2",
        config=dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=32, vocab_size=61,
                    tie_word_embeddings=False, max_position_embeddings=64, rms_norm_eps=1e-6, use_sliding_window=True, sliding_window=7,
                    max_window_layers=1, rope_parameters=dict(rope_type="default", rope_theta=1e6)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: padded_batch(2, 24, 61)),
    # A norm for each head, head size other than hidden / heads, biases, a window in the layers that layer_types names.
    "qwen3": dict(
        family="qwen3",
        config=dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, head_dim=10, intermediate_size=36, vocab_size=57,
                    tie_word_embeddings=False, attention_bias=True, max_position_embeddings=64, rms_norm_eps=1e-6, use_sliding_window=True, sliding_window=6,
                    layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                    rope_parameters=dict(rope_type="default", rope_theta=1e6)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: padded_batch(3, 28, 57)),
    # The same without biases and sliding window, with a tied head.
    "qwen3-tied": dict(
        family="qwen3",
        config=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1, head_dim=16, intermediate_size=40, vocab_size=53,
                    tie_word_embeddings=True, max_position_embeddings=64, rms_norm_eps=1e-6, rope_parameters=dict(rope_type="default", rope_theta=1e6)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: packed_batch(2, 22, 53, [[10, 9], [14, 8]])),
    # One full layer of three, positions of two bases, a query scale that is not the head size.
    # Seed 11 has a gradient near AdamW's epsilon, which amplifies float32 rounding.
    "gemma3": dict(
        family="gemma3_text",
        seed=13,
        config=dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=1, head_dim=10, intermediate_size=36, vocab_size=67,
                    tie_word_embeddings=True, max_position_embeddings=64, rms_norm_eps=1e-6, sliding_window=6, query_pre_attn_scalar=20,
                    layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                    rope_parameters=dict(full_attention=dict(rope_type="linear", rope_theta=1e6, factor=8.0),
                                         sliding_attention=dict(rope_type="default", rope_theta=1e4))),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: padded_batch(3, 28, 67)),
    # Own head, biases, layers by sliding_window_pattern; packed rows longer than the window.
    "gemma3-pattern": dict(
        family="gemma3_text",
        config=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, head_dim=16, intermediate_size=28, vocab_size=61,
                    tie_word_embeddings=False, attention_bias=True, max_position_embeddings=64, rms_norm_eps=1e-6, sliding_window=4, sliding_window_pattern=2,
                    query_pre_attn_scalar=16),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: packed_batch(2, 26, 61, [[9, 12], [26]])),
    # Four multipliers, biases at attention.
    "granite": dict(
        family="granite",
        config=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, intermediate_size=36, vocab_size=53,
                    tie_word_embeddings=True, attention_bias=True, max_position_embeddings=64, rms_norm_eps=1e-5, embedding_multiplier=6.0,
                    attention_multiplier=0.2, residual_multiplier=0.22, logits_scaling=4.0, rope_parameters=dict(rope_type="default", rope_theta=1e4)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: padded_batch(2, 24, 53)),
    # The second of three layers without rotary positions.
    "smollm3": dict(
        family="smollm3",
        config=dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=32, vocab_size=47,
                    tie_word_embeddings=True, max_position_embeddings=64, rms_norm_eps=1e-6, no_rope_layers=[1, 0, 1],
                    rope_parameters=dict(rope_type="default", rope_theta=2e6)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL)},
        batch=lambda: packed_batch(2, 22, 47, [[10, 9], [14, 8]])),
    # Fused q, k, v in [in, out] matrices, learned positions, LayerNorm, GELU's tanh form; scores divided by the layer's number; odd sizes.
    "gpt2": dict(
        family="gpt2",
        config=dict(n_embd=30, n_layer=2, n_head=3, n_inner=44, vocab_size=57, n_positions=40, scale_attn_by_inverse_layer_idx=True),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=["c_attn", "c_proj", "c_fc"]),
                  "attention": dict(r=2, lora_alpha=5, target_modules=["c_attn"])},
        batch=lambda: packed_batch(2, 25, 57, [[10, 9], [14, 8]])),
    # Untied head, exact GELU, scores without a scale, an inner width of 4 n_embd; right padding.
    "gpt2-untied": dict(
        family="gpt2",
        config=dict(n_embd=16, n_layer=2, n_head=2, vocab_size=43, n_positions=32, activation_function="gelu", scale_attn_weights=False,
                    tie_word_embeddings=False),
        adapters={"all": dict(r=4, lora_alpha=4, target_modules="all-linear")},
        batch=lambda: padded_batch(2, 20, 43)),
    # Gated short convolutions with biases around one layer of attention; width of the MLP adjusted (57 -> 40).
    "lfm2": dict(
        family="lfm2",
        config=dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=57, block_multiple_of=8,
                    vocab_size=51, max_position_embeddings=64, conv_bias=True, layer_types=["conv", "full_attention", "conv"]),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=["q_proj", "k_proj", "v_proj", "out_proj", "in_proj", "w1", "w2", "w3"]),
                  "attention": dict(r=2, lora_alpha=3, target_modules=["q_proj", "v_proj"])},
        batch=lambda: packed_batch(2, 23, 51, [[10, 9], [2, 14, 4]])),
    # A filter of four, an untied head, odd sizes, the published files' names of sizes; right padding.
    "lfm2-untied": dict(
        family="lfm2",
        config=dict(hidden_size=20, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, block_ff_dim=36, block_auto_adjust_ff_dim=False,
                    vocab_size=41, max_position_embeddings=64, conv_L_cache=4, full_attn_idxs=[1], tie_embedding=False),
        adapters={"all": dict(r=4, lora_alpha=4, target_modules="all-linear")},
        batch=lambda: padded_batch(2, 21, 41)),
    # An encoder: LayerNorm after each sum, learned positions, token types; mean pooling and InfoNCE over pairs of unequal length.
    "bert": dict(
        family="bert",
        config=dict(hidden_size=20, num_hidden_layers=2, num_attention_heads=2, intermediate_size=36, vocab_size=45, max_position_embeddings=32,
                    type_vocab_size=2),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=["query", "key", "value", "dense"]),
                  "attention": dict(r=2, lora_alpha=5, target_modules=["query", "value"])},
        batch=lambda: pairs_batch(3, 12, 45)),
    # An encoder: fused Wqkv and Wi, GeGLU, norms without bias, a window of 4 on both sides in two of three layers, two rope bases.
    "modernbert": dict(
        family="modernbert",
        config=dict(hidden_size=24, num_hidden_layers=4, num_attention_heads=3, intermediate_size=28, vocab_size=49, max_position_embeddings=64,
                    local_attention=9, norm_bias=False),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=["Wqkv", "Wi", "Wo"]),
                  "attention": dict(r=2, lora_alpha=5, target_modules=["Wqkv"])},
        batch=lambda: pairs_batch(3, 20, 49)),
    # Classification heads (PEFT's SEQ_CLS): rows padded on the right with the pad token, a row without a label; LoRA of few and of all layers.
    "classify-llama": dict(
        classes=5,
        config=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=40, vocab_size=59,
                    tie_word_embeddings=True, max_position_embeddings=64, rms_norm_eps=1e-5, rope_parameters=dict(rope_type="default", rope_theta=1e4)),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=ALL), "qv": dict(r=4, lora_alpha=4, target_modules=["q_proj", "v_proj"])},
        batch=lambda: class_batch(4, 18, 59, 5)),
    "classify-gpt2": dict(
        family="gpt2", classes=3,
        config=dict(n_embd=16, n_layer=2, n_head=2, vocab_size=43, n_positions=32),
        adapters={"all": dict(r=3, lora_alpha=6, target_modules=["c_attn", "c_proj", "c_fc"])},
        batch=lambda: class_batch(3, 14, 43, 3)),
}
ENCODERS = {"bert", "modernbert"}


def padded_batch(rows, length, vocab):
    ids = torch.randint(3, vocab, (rows, length))
    labels = ids.clone()
    for b in range(rows):
        labels[b, : 5 + 3 * b] = -100
        labels[b, length - 4 * b :] = -100
    labels[rows - 1] = -100
    return dict(input_ids=ids.tolist(), labels=labels.tolist())


def class_batch(rows, length, vocab, classes):
    ids = torch.randint(3, vocab, (rows, length))
    for b in range(rows):
        ids[b, length - 3 * b :] = 0
    labels = torch.randint(0, classes, (rows,))
    labels[1] = -100
    return dict(input_ids=ids.tolist(), class_labels=labels.tolist())


def packed_batch(rows, length, vocab, documents):
    ids = torch.randint(3, vocab, (rows, length))
    labels, segments = ids.clone(), torch.zeros(rows, length, dtype=torch.long)
    for b, sizes in enumerate(documents):
        at = 0
        for number, size in enumerate(sizes, 1):
            segments[b, at : at + size] = number
            labels[b, at : at + 1 + size // 4] = -100
            at += size
        labels[b, at:] = -100
        ids[b, at:] = 0
    return dict(input_ids=ids.tolist(), labels=labels.tolist(), segments=segments.tolist())


def pairs_batch(count, longest, vocab):
    text = lambda: torch.randint(3, vocab, (int(torch.randint(3, longest + 1, (1,))),)).tolist()
    return dict(queries=[text() for _ in range(count)], passages=[text() for _ in range(count)])


def make_new(root, spec):
    torch.manual_seed(spec.get("seed", 11))
    config = AutoConfig.for_model(spec.get("family", "llama"), bos_token_id=1, eos_token_id=2, pad_token_id=0, **spec["config"])
    encoder = spec.get("family") in ENCODERS
    auto = AutoModel if encoder else AutoModelForCausalLM
    model = auto.from_config(config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            shifted = any(part in name for part in ("norm", "Norm", ".ln_", "conv.conv")) and "gemma" not in config.model_type
            p.copy_(torch.randn_like(p) * 0.15 + shifted)
    model.save_pretrained(root / "model")
    (root / "batch.json").write_text(json.dumps(spec["batch"]()) + "\n")
    for name, config in spec["adapters"].items():
        peft = get_peft_model(base_of(root, spec.get("classes"), encoder, torch.float32),
                              LoraConfig(task_type="SEQ_CLS" if "classes" in spec else "FEATURE_EXTRACTION" if encoder else "CAUSAL_LM", lora_dropout=0.0, **config))
        with torch.no_grad():
            for n, p in peft.named_parameters():
                if "lora_" in n or "modules_to_save" in n:
                    p.copy_(torch.randn_like(p) * 0.2)
        peft.save_pretrained(root / name / "adapter")
        (root / name / "adapter" / "README.md").unlink(missing_ok=True)
        file = root / name / "adapter" / "adapter_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"base_model_name_or_path": "model"}, indent=2, sort_keys=True) + "\n")


def base_of(root, classes, encoder, dtype):
    if classes is None:
        return (AutoModel if encoder else AutoModelForCausalLM).from_pretrained(root / "model", dtype=dtype)
    return AutoModelForSequenceClassification.from_pretrained(root / "model", dtype=dtype, num_labels=classes)


def run_classes(model, batch):
    labels = torch.tensor(batch["class_labels"])
    logits = model(input_ids=torch.tensor(batch["input_ids"])).logits
    total = torch.nn.functional.cross_entropy(logits, labels, reduction="sum", ignore_index=-100)
    return total, int((labels != -100).sum()), logits.detach()


def run(model, batch):
    if "class_labels" in batch:
        return run_classes(model, batch)
    ids, labels = torch.tensor(batch["input_ids"]), torch.tensor(batch["labels"])
    segments = torch.tensor(batch["segments"]) if "segments" in batch else torch.ones_like(ids)
    total, count = torch.zeros((), dtype=torch.float64), 0
    logits = torch.zeros(*ids.shape, model.config.vocab_size, dtype=torch.float64)
    for b in range(ids.shape[0]):
        for s in (int(x) for x in segments[b].unique() if x > 0):
            where = (segments[b] == s).nonzero()[:, 0]
            out = model(input_ids=ids[b, where][None]).logits[0]
            logits[b, where] = out.detach()
            targets = labels[b, where][1:]
            keep = targets != -100
            if keep.any():
                total = total + torch.nn.functional.cross_entropy(out[:-1][keep], targets[keep], reduction="sum")
            count += int(keep.sum())
    return total, count, logits


def run_pairs(model, batch):
    """InfoNCE over the cosines of means / 0.05, one direction; each text by itself."""
    texts = batch["queries"] + batch["passages"]
    hidden = torch.zeros(len(texts), max(map(len, texts)), model.config.hidden_size, dtype=torch.float64)
    means = []
    for row, ids in enumerate(texts):
        out = model(input_ids=torch.tensor(ids)[None]).last_hidden_state[0]
        hidden[row, : len(ids)] = out.detach()
        means.append(torch.nn.functional.normalize(out.mean(0), dim=0))
    count = len(batch["queries"])
    scores = torch.stack(means[:count]) @ torch.stack(means[count:]).T / 0.05
    return torch.nn.functional.cross_entropy(scores, torch.arange(count), reduction="sum"), count, hidden


def expected(root, out):
    batch = json.loads((root / "batch.json").read_text())
    pairs = "queries" in batch
    stored = load_file(out / "adapter" / "adapter_model.safetensors")
    head = stored.get("base_model.model.score.weight")
    base = base_of(root, None if head is None else head.shape[0], pairs, torch.float64)
    model = PeftModel.from_pretrained(base, out / "adapter", is_trainable=True, autocast_adapter_dtype=False).double().eval()
    params = {n.replace(".modules_to_save", "").replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}
    assert set(stored) == set(params) and all(torch.equal(stored[n].double(), p) for n, p in params.items())
    # BERT's pooler takes no part in the hidden state.
    params = {n: p for n, p in params.items() if ".pooler." not in n}
    optimizer = torch.optim.AdamW(params.values(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    save, losses, norms = {}, [], []
    for step in range(STEPS):
        loss, count, logits = (run_pairs if pairs else run)(model, batch)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            save |= {f"grad.{n}": p.grad.clone() for n, p in params.items()} | {"last_hidden_state" if pairs else "logits": logits}
            (out / "expected.json").write_text(json.dumps(dict(loss_sum=float(loss.detach()), count=count), indent=1) + "\n")
        for p in params.values():
            p.grad /= count
        norms.append(float(torch.nn.utils.clip_grad_norm_(params.values(), CLIP)))
        losses.append(float(loss.detach()) / count)
        optimizer.step()
    save |= {f"step.{n}": p.detach().clone() for n, p in params.items()}
    save_file({k: v.contiguous() for k, v in save.items()}, out / "expected.safetensors")
    settings = dict(steps=STEPS, learning_rate=RATE, betas=[0.9, 0.999], eps=1e-8, weight_decay=DECAY, clip=CLIP)
    (out / "trajectory.json").write_text(json.dumps(settings | dict(mean_loss=losses, grad_norm=norms), indent=1) + "\n")
    print(out.relative_to(HERE), losses[0], count)


for name in [a for a in sys.argv[1:] if not a.startswith("--")] or ["llama-tiny", *NEW]:
    if "--new" in sys.argv and name in NEW:
        make_new(HERE / name, NEW[name])
    for adapter in sorted((HERE / name).glob("*/adapter")):
        expected(HERE / name, adapter.parent)
