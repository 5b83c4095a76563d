using static Orrery.Cli.Tests.BadInput;

namespace Orrery.Cli.Tests;

/// <summary>Broken model files and wrong orders for one with their designed errors.</summary>
internal static class BadModels
{
    private static readonly string[] Inspect = ["model", "inspect", "{dir}/m.gguf"];

    public static readonly BadInput[] All =
    [
        Files("model that is none", Inspect, "m.gguf", "not a model",
            "{dir}/m.gguf: this is not a GGUF file, because it does not begin with GGUF; name a model file that ends in .gguf"),
        Files("empty model", Inspect, "m.gguf", "",
            "{dir}/m.gguf: the file is empty or no ordinary file; a GGUF model is expected"),
        Files("model of an old version", Inspect, "m.gguf", "GGUF\u0001\0\0\0\0\0\0\0",
            "{dir}/m.gguf: the file has version 1 of the format, but versions 2 and 3 are supported; convert the model again"),
        Files("model that is cut off", Inspect, "m.gguf", "GGUF\u0003\0\0\0\0\0\0\0",
            "{dir}/m.gguf: the file ends at byte 12 within the number of tensors, which starts at byte 8; the file is cut off or damaged: fetch or make it again"),
        Flags("model that is missing", ["model", "inspect", "{dir}/m.gguf"],
            "{dir}/m.gguf: there is no such file"),
        Flags("folder instead of a model", ["model", "inspect", "{dir}"],
            "{dir}: this is a directory; name a file in it"),
        Flags("unknown shape", ["model", "make", "{dir}/m.gguf", "--shape", "r11m"],
            "--shape: there is no shape 'r11m'; did you mean 'r110m'? Known:"),
        Flags("unknown architecture", ["model", "make", "{dir}/m.gguf", "--arch", "gwen2"],
            "--arch: there is no architecture 'gwen2' to make; did you mean 'qwen2'? Known:"),
        Flags("unknown tensor type", ["model", "make", "{dir}/m.gguf", "--type", "Q4_K_M"],
            "--type: there is no tensor type 'Q4_K_M'; did you mean 'Q4_K'? Known: F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, BF16"),
        Flags("seed of a model in words", ["model", "make", "{dir}/m.gguf", "--seed", "x"],
            "--seed: 'x' is not a whole number from 0 to 18446744073709551615; write for example --seed 7"),
        Flags("model in a folder that is missing", ["model", "make", "{dir}/none/m.gguf"],
            "{dir}/none/m.gguf: the folder {dir}/none does not exist; make it first"),
        Flags("model over a folder", ["model", "make", "{dir}"],
            "{dir}: this is a directory; name a file in it"),
        Flags("no token ids", ["model", "logits", "tiny-kjv", "--ids", ","],
            "there are no token ids to start from; give at least one, such as the model's first token 1"),
        Flags("token id that is none", ["model", "logits", "tiny-kjv", "--ids", "1,x"],
            "--ids: 'x' is not a token id; write whole numbers with commas, such as --ids 1,2,3"),
        Flags("token id out of the vocabulary", ["model", "logits", "tiny-kjv", "--ids", "1,1024"],
            "token id 1024 is not in the vocabulary of tiny-kjv; its ids go from 0 to 1023"),
        Flags("more steps than the context holds", ["model", "logits", "tiny-kjv", "--ids", "1", "--steps", "129"],
            "1 ids and 129 steps are more than the 128 tokens of context that tiny-kjv was made for; give fewer"),
        Flags("JSON into a file without a name", ["model", "logits", "tiny-kjv", "--ids", "1", "--json", ""],
            "--json: the name of the file is empty; name a file, or - for standard output"),
        Flags("model without a name", ["model", "inspect", ""],
            "the name of the model file is empty; name a GGUF file"),
        Flags("made model without a name", ["model", "make", "", "--shape", "tiny-llama"],
            "FILE is empty; name the file to write, such as model.gguf"),
        Flags("benchmark beyond the context", ["bench", "engine", "--model", "tiny-kjv", "--prompt", "129", "--generate", "0", "--batch", "0"],
            "pp129: its 129 tokens are more than the 128 of context that tiny-kjv was made for; give fewer with --prompt"),
        Flags("no steps", ["model", "logits", "tiny-kjv", "--ids", "1", "--steps", "0"],
            "--steps: '0' is not a whole number from 1 on; write for example --steps 1"),
    ];
}
