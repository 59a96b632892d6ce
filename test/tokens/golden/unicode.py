"""Writes unicode.json beside it: what every code point is to Hugging Face tokenizers, as ranges, and normal forms as hashes.

    pip install tokenizers
    python test/tokens/golden/unicode.py
"""
import hashlib
import json
import pathlib

from tokenizers import Regex, __version__
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p

# Nothing is assigned elsewhere but private use.
CODE_POINTS = [c for c in [*range(0x33480), *range(0xE0000, 0xE1000)] if not 0xD800 <= c <= 0xDFFF]


def ranges(test):
    found = []
    for c in CODE_POINTS:
        if not test(chr(c)):
            continue
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in found)


def parts(pre_tokenizer, count):
    return lambda char: len(pre_tokenizer.pre_tokenize_str("a" + char + "a")) == count


def removed(normalizer):
    return lambda char: normalizer.normalize_str("a" + char + "a") == "aa"


def matches(pattern):
    normalizer = n.Replace(Regex(pattern), "")
    return lambda char: normalizer.normalize_str(char) == ""


def bert(**on):
    return n.BertNormalizer(**{"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False, **on})


chinese = bert(handle_chinese_chars=True)
accents = bert(strip_accents=True)
sets = {
    "whitespace": ranges(lambda c: p.WhitespaceSplit().pre_tokenize_str("a" + c + "a") == [("a", (0, 1)), ("a", (2, 3))]),
    "numeric": ranges(parts(p.Digits(individual_digits=True), 3)),
    "punctuation": ranges(parts(p.Punctuation(), 3)),
    "other": ranges(removed(bert(clean_text=True))),
    "chinese": ranges(lambda c: chinese.normalize_str(c) == f" {c} "),
    "combining": ranges(removed(n.StripAccents())),
    "word": ranges(parts(p.Whitespace(), 1)),
}
patterns = {pattern: ranges(matches(pattern)) for pattern in [r"\s", r"\d", r"\w", r"\p{L}", r"\p{N}", r"\p{P}", r"\p{S}", r"\p{M}", r"\p{Lu}", r"\p{Ll}", r"\p{Lt}", r"\p{Lm}", r"\p{Lo}", r"\p{Han}", r"[^\s\p{L}\p{N}]", "."]}


def digest(change):
    hashed = hashlib.sha256()
    for c in CODE_POINTS:
        hashed.update(change(chr(c)).encode())
    return hashed.hexdigest()


# Between marks of other classes, so that reordering shows.
forms = {form: digest(lambda c: getattr(n, form)().normalize_str("\u0345" + c + "\u0301\n")) for form in ("NFC", "NFD", "NFKC", "NFKD")}
changes = {"lowercase": digest(lambda c: n.Lowercase().normalize_str(c + "\n")), "accents": digest(lambda c: accents.normalize_str("a" + c + "\n")), "nmt": digest(lambda c: n.Nmt().normalize_str("a" + c + "\n"))}
out = pathlib.Path(__file__).parent / "unicode.json"
out.write_text(json.dumps({"made_with": {"tokenizers": __version__}, "sets": sets, "patterns": patterns, "forms": forms, "changes": changes}, indent=1) + "\n")
