"""Writes expected.json: ten chat prompts, their ids, greedy answers of 32 tokens and the gap between the two best logits.

The weights are those of the GGUF that `lorafit pull smollm2-135m-instruct` fetches, dequantised by gguf-py and loaded into
transformers in float32; the tokenizer is rebuilt here with the tokenizers package from the same metadata. Nothing of lorafit is used.

    python make.py ~/.cache/lorafit/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf
    (needs torch, transformers, tokenizers, gguf)
"""
import hashlib, json, os, sys
import numpy as np, torch, transformers
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

PROMPTS = [
    [("user", "What is the capital of France?")],
    [("user", "Can I return shoes that I wore once, after 45 days?")],
    [("system", "You are a clerk of a shoe shop. Answer in one sentence."), ("user", "Which size should I take if I am between 8 and 9?")],
    [("user", "Write a short poem about rain.")],
    [("user", "List three prime numbers above 100.")],
    [("user", "Hi"), ("assistant", "Hello! How can I help?"), ("user", "What is 12 + 30?")],
    [("user", "Übersetze „gute Nacht“ ins Englische — bitte.")],
    [("user", "def add(a, b):\n\treturn a + b\n\nWhat does this   function do?")],
    [("user", "Summarise: The order #2024-11 was paid on 3/7, shipped on 3/9 and arrived a week late. 😕")],
    [("system", "You reply with JSON."), ("user", "Name: Ann\nAge: 31\nCity: Łódź")],
]
NEW_TOKENS = 32

path = sys.argv[1]
reader = GGUFReader(path)
meta = {key: field.contents() for key, field in reader.fields.items()}
heads, kv_heads = meta["llama.attention.head_count"], meta["llama.attention.head_count_kv"]


def unpermuted(w, n):
    return w.reshape(n, w.shape[0] // n // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
         "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
state = {}
for tensor in reader.tensors:
    w = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    parts = tensor.name.removesuffix(".weight").split(".")
    if parts[0] == "token_embd": name = "model.embed_tokens"
    elif parts[0] == "output_norm": name = "model.norm"
    else:
        if parts[2] == "attn_q": w = unpermuted(w, heads)
        if parts[2] == "attn_k": w = unpermuted(w, kv_heads)
        name = f"model.layers.{parts[1]}.{NAMES[parts[2]]}"
    state[f"{name}.weight"] = torch.from_numpy(np.ascontiguousarray(w))
config = LlamaConfig(
    hidden_size=meta["llama.embedding_length"], num_hidden_layers=meta["llama.block_count"], num_attention_heads=heads,
    num_key_value_heads=kv_heads, intermediate_size=meta["llama.feed_forward_length"], vocab_size=len(meta["tokenizer.ggml.tokens"]),
    max_position_embeddings=meta["llama.context_length"], rms_norm_eps=1e-5, rope_theta=meta["llama.rope.freq_base"],
    tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=2)
config._attn_implementation = "eager"
model = LlamaForCausalLM(config).eval()
missing, unexpected = model.load_state_dict(state, strict=False)
assert missing in ([], ["lm_head.weight"]) and not unexpected, (missing, unexpected)
model.tie_weights()
theta = (config.rope_parameters or {}).get("rope_theta") if hasattr(config, "rope_parameters") else config.rope_theta
assert theta == 100000, theta

tokens, kinds = meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.token_type"]
bpe = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[tuple(m.split(" ")) for m in meta["tokenizer.ggml.merges"]]))
bpe.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
bpe.decoder = decoders.ByteLevel()
bpe.add_special_tokens([AddedToken(t, normalized=False, special=True) for t, kind in zip(tokens, kinds) if kind == 3])
tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|im_end|>")
tokenizer.chat_template = meta["tokenizer.chat_template"]

rows = []
for prompt in PROMPTS:
    messages = [{"role": role, "content": content} for role, content in prompt]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    ids = bpe.encode(text, add_special_tokens=False).ids
    answer, gaps = [], []
    with torch.no_grad():
        out = model(torch.tensor([ids]), use_cache=True)
        while True:
            best = out.logits[0, -1].topk(2)
            answer.append(int(best.indices[0]))
            gaps.append(round(float(best.values[0] - best.values[1]), 6))
            if answer[-1] == 2 or len(answer) == NEW_TOKENS: break
            out = model(torch.tensor([[answer[-1]]]), past_key_values=out.past_key_values, use_cache=True)
    rows.append({"messages": messages, "ids": ids, "greedy": answer, "gaps": gaps})
    print(repr(bpe.decode(answer)), min(gaps))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.json"), "w") as file:
    header = {"gguf_sha256": hashlib.sha256(open(path, "rb").read()).hexdigest(), "torch": torch.__version__, "transformers": transformers.__version__}
    head = ",\n ".join(f'"{k}": {json.dumps(v)}' for k, v in header.items())
    body = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    file.write(f'{{\n {head},\n "rows": [\n  {body}\n ]\n}}\n')
