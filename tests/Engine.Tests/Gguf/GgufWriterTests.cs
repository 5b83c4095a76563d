using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Gguf;

public sealed class GgufWriterTests : IDisposable
{
    private static readonly byte[] EightBytes = [1, 2, 3, 4, 5, 6, 7, 8];
    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-writer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(32)]
    [InlineData(8)]
    [InlineData(4096)]
    public void What_is_written_is_read(int alignment)
    {
        GgufWriter writer = new GgufWriter(alignment)
            .Set("u8", (byte)1).Set("i8", (sbyte)-1).Set("u16", (ushort)65535).Set("i16", (short)-2).Set("u32", uint.MaxValue).Set("i32", -3)
            .Set("u64", 1UL << 40).Set("i64", long.MinValue).Set("f32", 0.1f).Set("f64", 0.1).Set("flag", true).Set("text", "zwölf")
            .Set("texts", ["a", "", "ü"]).Set("integers", (int[])[1, -1]).Set("counts", (uint[])[7]).Set("numbers", (float[])[1.5f]).Set("flags", (bool[])[true, false]).Set("none", (int[])[])
            .AddTensor("a", TensorType.F32, [2], EightBytes)
            .AddTensor("b", TensorType.Q8_0, [64, 3], stream => stream.Write(new byte[204]))
            .AddTensor("c", TensorType.F16, [1, 2, 2], EightBytes);
        using var stream = new MemoryStream();
        writer.Write(stream);
        using GgufFile file = GgufFile.FromBytes(stream.ToArray(), "w");
        GgufMetadata values = file.Metadata;
        Assert.Equal(3, file.Version);
        Assert.Equal([1L, -1, 65535, -2, uint.MaxValue, -3, 1L << 40, long.MinValue],
            ((string[])["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64"]).Select(key => values.Integer(key)!.Value));
        Assert.Equal((double)0.1f, values.Number("f32"));
        Assert.Equal(0.1, values.Number("f64"));
        Assert.True(values.Flag("flag"));
        Assert.Equal("zwölf", values.Text("text"));
        Assert.Equal(["a", "", "ü"], values.Texts("texts")!);
        Assert.Equal([1, -1], values.Integers("integers")!);
        Assert.Equal([7], values.Integers("counts")!);
        Assert.Equal([1.5f], values.Numbers("numbers")!);
        Assert.Equal([true, false], values.Flags("flags")!);
        Assert.Empty(values.Integers("none")!);
        Assert.Equal(["a", "b", "c"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(EightBytes, file.Find("a")!.Bytes(0, 8).ToArray());
        Assert.Equal(EightBytes, file.Find("c")!.Bytes(0, 8).ToArray());
        Assert.Equal([1L, 2, 2], file.Find("c")!.Dimensions);
        Assert.Equal(192, file.Find("b")!.ToSingles().Length);
    }

    [Fact]
    public void The_shipped_model_is_copied_without_a_difference_in_content()
    {
        using GgufFile source = Engine.Shipped.ShippedModel.Open();
        var writer = new GgufWriter();
        foreach (GgufTensor tensor in source.Tensors)
            writer.AddTensor(tensor.Name, tensor.Type, tensor.Dimensions, stream => stream.Write(tensor.Bytes(0, (int)tensor.ByteCount)));
        string path = Path.Combine(_folder, "copy.gguf");
        writer.Write(path);
        using GgufFile copy = GgufFile.Open(path);
        foreach (GgufTensor tensor in source.Tensors)
            Assert.True(tensor.Bytes(0, (int)tensor.ByteCount).SequenceEqual(copy.Find(tensor.Name)!.Bytes(0, (int)tensor.ByteCount)));
    }

    [Fact]
    public void A_file_is_replaced_only_when_the_new_one_is_whole()
    {
        string path = Path.Combine(_folder, "m.gguf");
        File.WriteAllText(path, "old");
        GgufWriter failing = new GgufWriter().AddTensor("a", TensorType.F32, [2], _ => throw new InvalidDataException("no numbers"));
        Assert.Throws<InvalidDataException>(() => failing.Write(path));
        using var stop = new CancellationTokenSource();
        GgufWriter stopped = new GgufWriter()
            .AddTensor("a", TensorType.F32, [2], stream =>
            {
                stream.Write(EightBytes);
                stop.Cancel();
            })
            .AddTensor("b", TensorType.F32, [2], EightBytes);
        Assert.Throws<OperationCanceledException>(() => stopped.Write(path, stop.Token));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder));
        new GgufWriter().AddTensor("a", TensorType.F32, [2], EightBytes).Write(path);
        using GgufFile file = GgufFile.Open(path);
        Assert.Single(file.Tensors);
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void Where_no_file_can_be_there_is_one_sentence()
    {
        GgufWriter writer = new();
        string path = Path.Combine(_folder, "missing", "m.gguf");
        Assert.StartsWith($"{path}: the file cannot be written: ", Assert.Throws<InputException>(() => writer.Write(path)).Message, StringComparison.Ordinal);
        Assert.StartsWith($"{_folder}: this is a directory", Assert.Throws<InputException>(() => writer.Write(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Programming_mistakes_are_refused()
    {
        GgufWriter writer = new GgufWriter().Set("k", 1).AddTensor("a", TensorType.F32, [2], EightBytes);
        Assert.Throws<ArgumentException>(() => writer.Set("k", 2));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("a", TensorType.F32, [2], EightBytes));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("b", TensorType.Q8_0, [33], EightBytes));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("c", TensorType.F32, [0], EightBytes));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("d", TensorType.F32, [3], EightBytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GgufWriter(24));
        using var stream = new MemoryStream();
        Assert.Throws<InvalidOperationException>(() => new GgufWriter().AddTensor("a", TensorType.F32, [2], target => target.WriteByte(1)).Write(stream));
    }
}
