using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Engine.Tests.Gguf;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Models;

/// <summary>A small model of random weights whose every key and tensor a test may change before it is written.</summary>
internal sealed class TinyModel
{
    private const uint U32Type = 4, F32Type = 6, FlagType = 7, TextType = 8, ArrayType = 9;

    private TinyModel(string architecture) => Architecture = architecture;

    public string Architecture { get; }

    public Dictionary<string, object> Keys { get; } = [];

    public Dictionary<string, TinyTensor> Tensors { get; } = [];

    public static IReadOnlyList<string> Architectures { get; } = ["llama", "qwen2", "qwen3", "qwen3moe", "phi3", "gemma2", "gemma3", "mixtral"];

    /// <summary>Keys and no tensors: the beginning of an adapter.</summary>
    public static TinyModel Adapter(string architecture)
    {
        var adapter = new TinyModel(architecture);
        adapter.Keys["general.type"] = "adapter";
        adapter.Keys["general.architecture"] = architecture;
        adapter.Keys["adapter.type"] = "lora";
        return adapter;
    }

    /// <param name="variant">An architecture, or mixtral for llama with experts.</param>
    /// <param name="type">Of the matrices; norms, biases and routers are F32.</param>
    /// <param name="layers">Enough that a windowed and a whole layer both occur.</param>
    /// <param name="width">A multiple of the type's block.</param>
    public static TinyModel Of(string variant, TensorType type = TensorType.F32, int layers = 2, int width = 64)
    {
        string architecture = variant == "mixtral" ? "llama" : variant;
        bool mixture = variant is "mixtral" or "qwen3moe", gemma = variant.StartsWith("gemma", StringComparison.Ordinal);
        const int heads = 4, kvHeads = 2, experts = 4, vocabulary = 96;
        int head = width / heads;
        int inner = type.BlockElements() > width ? type.BlockElements() : 2 * width;
        var model = new TinyModel(architecture);
        void Key(string suffix, object value) => model.Keys[$"{architecture}.{suffix}"] = value;
        model.Keys["general.architecture"] = architecture;
        Key("block_count", layers);
        Key("embedding_length", width);
        Key("attention.head_count", heads);
        Key("attention.head_count_kv", kvHeads);
        Key("context_length", 256);
        Key("feed_forward_length", inner);
        Key("attention.layer_norm_rms_epsilon", 1e-5f);
        if (architecture.StartsWith("qwen3", StringComparison.Ordinal) || gemma) Key("attention.key_length", head);
        if (architecture.StartsWith("qwen3", StringComparison.Ordinal) || gemma) Key("attention.value_length", head);
        if (architecture is "phi3" or "gemma2" or "gemma3") Key("attention.sliding_window", 5);
        if (architecture == "gemma3") Key("rope.freq_base", 1e6f);
        if (mixture) Key("expert_count", experts);
        if (mixture) Key("expert_used_count", 2);
        if (architecture == "qwen3moe") Key("expert_feed_forward_length", inner);

        int qRows = heads * head, kvRows = kvHeads * head;
        void Add(string name, TensorType stored, params int[] dimensions) => model.Tensors[name] = new TinyTensor(stored, dimensions);
        Add("token_embd.weight", type, width, vocabulary);
        Add("output_norm.weight", TensorType.F32, width);
        if (!gemma && variant != "qwen2") Add("output.weight", type, width, vocabulary);
        for (int i = 0; i < layers; i++)
        {
            string blk = $"blk.{i}.";
            Add(blk + "attn_norm.weight", TensorType.F32, width);
            Add(blk + "ffn_norm.weight", TensorType.F32, width);
            Add(blk + "attn_output.weight", type, qRows, width);
            if (architecture == "phi3")
            {
                Add(blk + "attn_qkv.weight", type, width, qRows + (2 * kvRows));
            }
            else
            {
                Add(blk + "attn_q.weight", type, width, qRows);
                Add(blk + "attn_k.weight", type, width, kvRows);
                Add(blk + "attn_v.weight", type, width, kvRows);
            }
            if (architecture == "qwen2")
            {
                Add(blk + "attn_q.bias", TensorType.F32, qRows);
                Add(blk + "attn_k.bias", TensorType.F32, kvRows);
                Add(blk + "attn_v.bias", TensorType.F32, kvRows);
            }
            if (architecture.StartsWith("qwen3", StringComparison.Ordinal) || architecture == "gemma3")
            {
                Add(blk + "attn_q_norm.weight", TensorType.F32, head);
                Add(blk + "attn_k_norm.weight", TensorType.F32, head);
            }
            if (gemma)
            {
                Add(blk + "post_attention_norm.weight", TensorType.F32, width);
                Add(blk + "post_ffw_norm.weight", TensorType.F32, width);
            }
            if (mixture)
            {
                Add(blk + "ffn_gate_inp.weight", TensorType.F32, width, experts);
                Add(blk + "ffn_gate_exps.weight", type, width, inner, experts);
                Add(blk + "ffn_up_exps.weight", type, width, inner, experts);
                Add(blk + "ffn_down_exps.weight", type, inner, width, experts);
            }
            else
            {
                if (architecture != "phi3") Add(blk + "ffn_gate.weight", type, width, inner);
                Add(blk + "ffn_up.weight", type, width, architecture == "phi3" ? 2 * inner : inner);
                Add(blk + "ffn_down.weight", type, inner, width);
            }
        }
        return model;
    }

    public void Set(string suffix, object value) => Keys[$"{Architecture}.{suffix}"] = value;

    public void Remove(string suffix) => Keys.Remove($"{Architecture}.{suffix}");

    /// <summary>Draws all values now, so that a test can read and change them.</summary>
    public TinyModel WithValues()
    {
        foreach ((string name, TinyTensor tensor) in Tensors.ToArray()) Tensors[name] = tensor with { Values = tensor.Numbers(RandomStream.Root(1).Split(name), IsNorm(name)) };
        return this;
    }

    public GgufFile Open(ulong seed = 1) => GgufFile.FromBytes(Image(seed), "tiny.gguf");

    public byte[] Image(ulong seed)
    {
        const int alignment = 32;
        ImageBuilder image = ImageBuilder.Header(3, (ulong)Tensors.Count, (ulong)Keys.Count);
        foreach ((string key, object value) in Keys) Write(image, key, value);
        var data = new List<byte>();
        foreach ((string name, TinyTensor tensor) in Tensors)
        {
            image.Tensor(name, (uint)tensor.Type, (ulong)data.Count, [.. tensor.Dimensions.Select(size => (ulong)size)]);
            data.AddRange(tensor.Bytes(RandomStream.Root(seed).Split(name), IsNorm(name)));
            while (data.Count % alignment != 0) data.Add(0);
        }
        return image.Align(alignment).Raw(data.ToArray()).Done();
    }

    private static bool IsNorm(string name) => name.Contains("norm", StringComparison.Ordinal);

    private static void Write(ImageBuilder image, string key, object value)
    {
        _ = value switch
        {
            int number => image.Key(key, U32Type).U32((uint)number),
            float number => image.Key(key, F32Type).F32(number),
            bool flag => image.Key(key, FlagType).U8(flag ? (byte)1 : (byte)0),
            string text => image.Key(key, TextType).Text(text),
            int[] numbers => numbers.Aggregate(image.Key(key, ArrayType).U32(U32Type).U64((ulong)numbers.Length), (builder, number) => builder.U32((uint)number)),
            _ => throw new ArgumentException($"no way to write a {value.GetType()}", nameof(value)),
        };
    }
}

/// <summary>A tensor to be written; values are random where none are given.</summary>
internal sealed record TinyTensor(TensorType Type, int[] Dimensions)
{
    /// <summary>Large enough that layers matter beside the embedding.</summary>
    private const double Spread = 0.15;

    public float[]? Values { get; init; }

    public float[] Numbers(RandomStream random, bool isNorm)
    {
        if (Values is not null) return Values;
        float[] values = new float[Dimensions.Aggregate(1, (a, b) => a * b)];
        var normal = new Normal(isNorm ? 1 : 0, Spread);
        for (int i = 0; i < values.Length; i++) values[i] = (float)normal.Sample(random);
        return values;
    }

    public byte[] Bytes(RandomStream random, bool isNorm)
    {
        float[] values = Numbers(random, isNorm);
        byte[] bytes = new byte[Type.RowBytes(values.Length)];
        Quantizer.Encode(Type, values, bytes);
        return bytes;
    }
}
