"""Tiny checkpoints with random weights and real tokenizers, saved as a hub repository holds them.

Everything is trained or drawn here from fixed seeds, so nothing is fetched.
"""

from __future__ import annotations

import io
import json
import string
from pathlib import Path

import sentencepiece
import torch
import transformers
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

CORPUS = [
    "knees bent and the ball at the chest",
    "jump shot with both arms straight up",
    "This is a video of doing squat in gym with hips below the knees",
    "left arm up right leg down standing on one foot",
    "running forward and throwing the javelin, then falling",
    "lying on the back with feet on the floor",
    "Hands On The Ground, Legs Straight Behind",
    "the player turns, jumps and catches it!",
]

VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 48,
    "patch_size": 16,
}
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 64,
}
HALF = [0.5, 0.5, 0.5]


def make_siglip(folder: Path, vision: dict[str, int] = VISION) -> Path:
    """SigLIP: a SentencePiece tokenizer that lower-cases and drops punctuation."""
    folder.mkdir(parents=True)
    vocab_size = _sentencepiece(folder / "spiece.model")
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "SiglipTokenizer",
            "do_lower_case": True,
            "model_max_length": 64,
            "pad_token": "</s>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
        },
    )
    config = transformers.SiglipConfig(
        text_config={
            **TEXT,
            "vocab_size": vocab_size,
            "projection_size": vision["hidden_size"],
            "bos_token_id": None,
            "eos_token_id": 1,
            "pad_token_id": 1,
        },
        vision_config=vision,
    )
    _save(transformers.SiglipModel, config, folder)
    _square_processor(folder, "SiglipImageProcessor", "SiglipProcessor", vision["image_size"])
    return folder


def make_siglip2(folder: Path) -> Path:
    """SigLIP 2 at a fixed resolution: SigLIP's towers, a Gemma tokenizer that keeps case."""
    folder.mkdir(parents=True)
    vocab_size = _gemma(folder)
    config = transformers.SiglipConfig(
        text_config={
            **TEXT,
            "vocab_size": vocab_size,
            "projection_size": 32,
            "bos_token_id": None,
            "eos_token_id": 1,
            "pad_token_id": 1,
        },
        vision_config=VISION,
    )
    _save(transformers.SiglipModel, config, folder)
    _square_processor(folder, "SiglipImageProcessor", "SiglipProcessor", resample=2)
    return folder


def make_naflex(folder: Path) -> Path:
    """SigLIP 2 NaFlex: any aspect ratio, up to 16 patches."""
    folder.mkdir(parents=True)
    vocab_size = _gemma(folder)
    vision = {key: value for key, value in VISION.items() if key != "image_size"}
    config = transformers.Siglip2Config(
        text_config={
            **TEXT,
            "vocab_size": vocab_size,
            "projection_size": 32,
            "bos_token_id": None,
            "eos_token_id": 1,
            "pad_token_id": 1,
        },
        vision_config={**vision, "num_patches": 16},
    )
    _save(transformers.Siglip2Model, config, folder)
    _write(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "Siglip2ImageProcessor",
            "processor_class": "Siglip2Processor",
            "do_resize": True,
            "do_rescale": True,
            "do_normalize": True,
            "resample": 2,
            "rescale_factor": 1 / 255,
            "image_mean": HALF,
            "image_std": HALF,
            "patch_size": 16,
            "max_num_patches": 16,
        },
    )
    return folder


def make_clip(folder: Path) -> Path:
    """CLIP: byte-level BPE, shorter edge and centre crop, text pooled where it ends."""
    folder.mkdir(parents=True)
    config = transformers.CLIPConfig(
        text_config={**TEXT, **_clip_tokenizer(folder)},
        vision_config=VISION,
        projection_dim=24,
    )
    _save(transformers.CLIPModel, config, folder)
    _write(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "CLIPImageProcessor",
            "processor_class": "CLIPProcessor",
            "do_resize": True,
            "do_center_crop": True,
            "do_normalize": True,
            "size": 48,
            "crop_size": 48,
            "resample": 3,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
        },
    )
    return folder


def make_xclip(folder: Path) -> Path:
    """X-CLIP: CLIP's tokenizer, windows of four frames."""
    folder.mkdir(parents=True)
    config = transformers.XCLIPConfig(
        text_config={**TEXT, **_clip_tokenizer(folder)},
        vision_config={
            **VISION,
            "num_frames": 4,
            "mit_hidden_size": 24,
            "mit_intermediate_size": 48,
            "mit_num_attention_heads": 2,
        },
        projection_dim=24,
        prompt_num_attention_heads=2,
    )
    _save(transformers.XCLIPModel, config, folder)
    _write(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "VideoMAEImageProcessor",
            "size": {"shortest_edge": 48},
            "crop_size": {"height": 48, "width": 48},
            "resample": 2,
            "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225],
        },
    )
    return folder


def make_videoprism(folder: Path) -> Path:
    """VideoPrism with a text tower: windows of four frames, a Unigram tokenizer, no scale."""
    folder.mkdir(parents=True)
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    vocab += [(letter, -4.0) for letter in string.ascii_lowercase + "."]
    tokenizer = transformers.VideoPrismTokenizer(vocab=vocab, extra_ids=0, model_max_length=64)
    tokenizer.save_pretrained(folder)
    shared = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    config = transformers.VideoPrismConfig(
        vision_config={
            **shared,
            "image_size": 36,
            "num_frames": 4,
            "num_spatial_layers": 2,
            "num_temporal_layers": 1,
            "num_auxiliary_layers": 1,
        },
        text_config={
            **shared,
            "num_hidden_layers": 2,
            "vocab_size": len(vocab),
            "max_position_embeddings": 64,
        },
    )
    _save(transformers.VideoPrismClipModel, config, folder)
    _write(
        folder / "video_preprocessor_config.json",
        {
            "video_processor_type": "LlavaOnevisionVideoProcessor",
            "size": {"height": 36, "width": 36},
            "resample": 3,
            "do_normalize": False,
        },
    )
    return folder


def make_qwen3_vl(folder: Path) -> Path:
    """Qwen3-VL: pictures in a chat, between tokens of their own; needs torchvision."""
    folder.mkdir(parents=True)
    marks = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    turns = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[*turns, *marks],
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = {mark: tokenizer.token_to_id(mark) for mark in [*turns, *marks]}
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": "<|endoftext|>",
            "eos_token": "<|im_end|>",
            "model_max_length": 4096,
        },
    )
    picture = "<|vision_start|><|image_pad|><|vision_end|>"
    parts = (
        "{% for c in m.content %}{% if c.type == 'image' %}"
        + picture
        + "{% elif 'text' in c %}{{ c.text }}{% endif %}{% endfor %}"
    )
    turn = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n"
        "{% if m.content is string %}{{ m.content }}{% else %}"
        + parts
        + "{% endif %}<|im_end|>\n{% endfor %}"
    )
    (folder / "chat_template.jinja").write_text(turn, encoding="utf-8")
    shared = {"hidden_size": 32, "intermediate_size": 64}
    config = transformers.Qwen3VLConfig(
        text_config={
            **shared,
            "vocab_size": tokenizer.get_vocab_size(),
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [4, 2, 2],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            **shared,
            "depth": 2,
            "num_heads": 2,
            "patch_size": 16,
            "out_hidden_size": 32,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    _save(transformers.Qwen3VLModel, config, folder)
    pixels = {"patch_size": 16, "temporal_patch_size": 2, "merge_size": 2}
    pixels |= {"size": {"shortest_edge": 1024, "longest_edge": 16384}}
    pixels |= {"image_mean": HALF, "image_std": HALF}
    _write(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "Qwen2VLImageProcessor",
            "processor_class": "Qwen3VLProcessor",
            **pixels,
        },
    )
    _write(
        folder / "video_preprocessor_config.json",
        {"video_processor_type": "Qwen3VLVideoProcessor", **pixels},
    )
    return folder


def make_pe_video(folder: Path, *, with_sound: bool = False) -> Path:
    """PE-Video, or PE-AV with sound: a tower of timm for each frame, ModernBERT for texts."""
    folder.mkdir(parents=True)
    vocab_size = _gemma(folder)
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "model_max_length": 48,
        },
    )
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    ours = {**layers, "num_hidden_layers": 2, "head_dim": 16}
    text = {
        "model_type": "modernbert",
        **layers,
        "num_hidden_layers": 2,
        "vocab_size": vocab_size,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "cls_token_id": 2,
        "sep_token_id": 1,
    }
    frames = {
        "model_type": "timm_wrapper",
        "architecture": "vit_pe_core_tiny_patch16_384",
        "num_classes": 24,
        "model_args": {"img_size": 48, "depth": 2},
    }
    video = {**ours, "vision_config": frames}
    config = transformers.PeVideoConfig(text_config=text, video_config=video)
    kind = transformers.PeVideoModel
    if with_sound:
        sound = {**ours, "dac_config": {"encoder_hidden_size": 8, "codebook_dim": 4}}
        config = transformers.PeAudioVideoConfig(
            text_config=text,
            audio_video_config={**ours, "audio_config": sound, "video_config": video},
        )
        kind = transformers.PeAudioVideoModel
    _save(kind, config, folder)
    _write(
        folder / "video_preprocessor_config.json",
        {
            "video_processor_type": "PeVideoVideoProcessor",
            "size": {"height": 48, "width": 48},
            "resample": 2,
            "image_mean": HALF,
            "image_std": HALF,
        },
    )
    return folder


def _clip_tokenizer(folder: Path) -> dict[str, int]:
    """Byte-level BPE; gives the sizes and tokens that a text tower's settings name."""
    tokenizer = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(" ", "removed"),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.train_from_iterator([text.lower() for text in CORPUS], trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    vocab = dict(learned["vocab"])
    for symbol in [*pre_tokenizers.ByteLevel.alphabet()]:
        vocab.setdefault(f"{symbol}</w>", len(vocab))
    start, end = len(vocab), len(vocab) + 1
    vocab |= {"<|startoftext|>": start, "<|endoftext|>": end}
    merges = [" ".join(m) if isinstance(m, list) else m for m in learned["merges"]]
    _write(folder / "vocab.json", vocab)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "CLIPTokenizer",
            "model_max_length": 32,
            "bos_token": "<|startoftext|>",
            "eos_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
        },
    )
    return {
        "max_position_embeddings": 32,
        "vocab_size": len(vocab),
        "bos_token_id": start,
        "eos_token_id": end,
        "pad_token_id": end,
    }


def _sentencepiece(file: Path) -> int:
    model = io.BytesIO()
    texts = [text.lower().translate(str.maketrans("", "", string.punctuation)) for text in CORPUS]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts * 4),
        model_writer=model,
        vocab_size=110,
        hard_vocab_limit=False,
        character_coverage=1.0,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    file.write_bytes(model.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).get_piece_size()


def _gemma(folder: Path) -> int:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse()])
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=170,
        special_tokens=special,
        initial_alphabet=list(string.printable[:95]),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "GemmaTokenizer",
            "add_bos_token": False,
            "add_eos_token": True,
            "model_max_length": 1000000000000000019884624838656,
            "padding_side": "right",
            "pad_token": "<pad>",
            "eos_token": "<eos>",
            "bos_token": "<bos>",
            "unk_token": "<unk>",
        },
    )
    return tokenizer.get_vocab_size()


def _square_processor(
    folder: Path, kind: str, processor: str, size: int = 48, resample: int = 3
) -> None:
    _write(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": kind,
            "processor_class": processor,
            "do_resize": True,
            "do_rescale": True,
            "do_normalize": True,
            "resample": resample,
            "rescale_factor": 1 / 255,
            "size": {"height": size, "width": size},
            "image_mean": HALF,
            "image_std": HALF,
        },
    )


def _save(kind: type, config: transformers.PretrainedConfig, folder: Path) -> None:
    torch.manual_seed(0)
    model = kind(config)
    towers = getattr(config, "vision_config", None) or config.text_config
    spread = 0.3 / towers.hidden_size**0.5
    with torch.no_grad():
        for tensor in model.parameters():  # fresh towers give all inputs almost one embedding
            tensor.add_(torch.randn_like(tensor) * spread)
        if hasattr(model, "logit_scale"):
            model.logit_scale.copy_(torch.tensor(4.6031))
        if hasattr(model, "logit_bias"):
            model.logit_bias.copy_(torch.tensor(-12.932))
    model.save_pretrained(folder, safe_serialization=True)


def _write(file: Path, content: dict[str, object]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
