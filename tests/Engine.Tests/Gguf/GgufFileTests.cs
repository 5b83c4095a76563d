using System.Buffers.Binary;
using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Gguf;

public sealed class GgufFileTests : IDisposable
{
    private const uint F32 = 0;
    private const uint Q8 = 8;
    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-gguf-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void Values_of_every_type_are_read(uint version)
    {
        byte[] image = ImageBuilder.Header(version, 0, 16)
            .Key("u8", 0).U8(200).Key("i8", 1).U8(0xFE).Key("u16", 2).U16(60000).Key("i16", 3).U16(0xFFFD)
            .Key("u32", 4).U32(4_000_000_000).Key("i32", 5).U32(0xFFFFFFFC).Key("f32", 6).F32(1.5f).Key("flag", 7).U8(1)
            .Key("text", 8).Text("héllo").Key("u64", 10).U64(1UL << 62).Key("i64", 11).U64(ulong.MaxValue).Key("f64", 12).U64(BitConverter.DoubleToUInt64Bits(0.1))
            .Key("texts", 9).U32(8).U64(2).Text("a").Text("")
            .Key("numbers", 9).U32(6).U64(2).F32(1).F32(-2)
            .Key("flags", 9).U32(7).U64(2).U8(0).U8(1)
            .Key("nested", 9).U32(9).U64(2).U32(4).U64(1).U32(7).U32(8).U64(1).Text("x")
            .Done();
        using GgufFile file = GgufFile.FromBytes(image, "t");
        GgufMetadata values = file.Metadata;
        Assert.Equal((int)version, file.Version);
        Assert.Equal(200, values.Integer("u8"));
        Assert.Equal(-2, values.Integer("i8"));
        Assert.Equal(60000, values.Integer("u16"));
        Assert.Equal(-3, values.Integer("i16"));
        Assert.Equal(4_000_000_000, values.Integer("u32"));
        Assert.Equal(-4, values.Integer("i32"));
        Assert.Equal(1.5, values.Number("f32"));
        Assert.True(values.Flag("flag"));
        Assert.Equal("héllo", values.Text("text"));
        Assert.Equal(1L << 62, values.Integer("u64"));
        Assert.Equal(-1, values.Integer("i64"));
        Assert.Equal(0.1, values.Number("f64"));
        Assert.Equal(200.0, values.Number("u8"));
        Assert.Equal(["a", ""], values.Texts("texts")!);
        Assert.Equal([1f, -2f], values.Numbers("numbers")!);
        Assert.Equal([false, true], values.Flags("flags")!);
        Assert.Equal("2 arrays", values.Describe("nested"));
        Assert.Equal("2 values: 1, -2", values.Describe("numbers"));
        Assert.Equal("héllo", values.Describe("text"));
        Assert.Equal(16, values.Keys.Count());
        Assert.Null(values.Text("missing"));
        Assert.Null(values.Integers("missing"));
    }

    [Fact]
    public void A_value_of_another_type_names_file_and_key()
    {
        using GgufFile file = GgufFile.FromBytes(ImageBuilder.Header(3, 0, 2).Key("a", 8).Text("x").Key("b", 9).U32(8).U64(1).Text("y").Done(), "m.gguf");
        Assert.Equal("m.gguf: a is a text, but must be an integer; make the file again with a current converter", Message(() => file.Metadata.Integer("a")));
        Assert.Equal("m.gguf: b is an array whose elements are each a text, but must be an array of integers; make the file again with a current converter",
            Message(() => file.Metadata.Integers("b")));
        Assert.Contains("the metadata key c is missing", Message(() => file.Metadata.RequireText("c")), StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_lie_where_the_alignment_says()
    {
        byte[] image = ImageBuilder.Header(3, 2, 1).Key("general.alignment", 4).U32(64)
            .Tensor("a", F32, 0, 3, 2).Tensor("b", Q8, 64, 32).Align(64)
            .F32(1).F32(2).F32(3).F32(4).F32(5).F32(6).Align(64).Raw(new byte[34]).Done();
        using GgufFile file = GgufFile.FromBytes(image, "t");
        GgufTensor a = file.Find("a")!;
        Assert.Equal((3, 2, 24L, TensorType.F32), (a.Columns, a.Rows, a.ByteCount, a.Type));
        Assert.Equal(6f, BinaryPrimitives.ReadSingleLittleEndian(a.Bytes(20, 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => a.Bytes(21, 4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => a.Bytes(long.MaxValue, 4).Length);
        Assert.Equal(34, file.Find("b")!.ByteCount);
        Assert.Null(file.Find("c"));
    }

    [Fact]
    public void A_tensor_of_an_unsupported_type_is_listed_and_refused_when_it_is_used()
    {
        byte[] image = ImageBuilder.Header(3, 2, 0).Tensor("iq", 20, 0, 32).Tensor("future", 77, 32, 5).Align().Raw(new byte[64]).Done();
        using GgufFile file = GgufFile.FromBytes(image, "m.gguf");
        Assert.Equal(["IQ4_NL", "type 77"], file.Tensors.Select(tensor => tensor.TypeName));
        Assert.Equal([18L, 0L], file.Tensors.Select(tensor => tensor.ByteCount));
        Assert.StartsWith("m.gguf: tensor iq is stored as IQ4_NL, which is not supported; use a file whose tensors are of F32, F16, ", Message(file.RequireSupported), StringComparison.Ordinal);
        Assert.Contains("tensor future is stored as type 77", Message(() => _ = file.Find("future")!.Type), StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> Broken() => new()
    {
        { "m: this is not a GGUF file, because it does not begin with GGUF", [] },
        { "m: this is not a GGUF file, because it does not begin with GGUF", "PK\u0003\u0004 and more"u8.ToArray() },
        { "m: the file is in big-endian byte order", ImageBuilder.Header(0x03000000, 0, 0).Done() },
        { "m: the file has version 1 of the format", ImageBuilder.Header(1, 0, 0).Done() },
        { "m: the file has version 4 of the format", ImageBuilder.Header(4, 0, 0).Done() },
        { "m: the number of tensors is given as 1152921504606846976 at byte 8", ImageBuilder.Header(3, 1UL << 60, 0).Done() },
        { "m: the number of metadata values is given as 5 at byte 16", ImageBuilder.Header(3, 0, 5).Done() },
        { "m: the length of the key of metadata value 0 is given as 18446744073709551615", ImageBuilder.Header(3, 0, 1).U64(ulong.MaxValue).U64(0).Done() },
        { "m: the number of elements of k is given as 1152921504606846976", ImageBuilder.Header(3, 0, 1).Key("k", 9).U32(8).U64(1UL << 60).Done() },
        { "m: the value of k has the unknown type 13", ImageBuilder.Header(3, 0, 1).Key("k", 13).U64(1).Done() },
        { "m: the metadata key k stands twice, the second time at byte 38", ImageBuilder.Header(3, 0, 2).Key("k", 0).U8(1).Key("k", 0).U8(1).Done().Concat(new byte[9]).ToArray() },
        { "m: the value of k nests arrays more than 8 deep", Nested(12) },
        { "m: general.alignment is 24, but must be a power of two", ImageBuilder.Header(3, 0, 1).Key("general.alignment", 4).U32(24).Done() },
        { "m: tensor t has 5 dimensions", ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 0, 1, 1, 1, 1, 1).Done() },
        { "m: dimension 1 of tensor t is 0", ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 0, 4, 0).Done() },
        { "m: dimension 0 of tensor t is 9223372036854775808", ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 0, 1UL << 63).Done() },
        { "m: tensor t has more than 2147483647 rows", ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 0, 1, 1 << 30, 1 << 30, 1 << 30).Align().Done() },
        { "m: tensor t needs 9223372032559808512 bytes", ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 0, int.MaxValue, 1 << 30).Align().Done() },
        { "m: the rows of tensor t have 33 numbers, not a multiple of the 32 that a block of Q8_0 holds", ImageBuilder.Header(3, 1, 0).Tensor("t", Q8, 0, 33).Align().Raw(new byte[99]).Done() },
        { "m: the data of tensor t starts at offset 8, which is not a multiple of the alignment 32", ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 8, 1).Align().Raw(new byte[99]).Done() },
        { "m: the data of tensor t starts at offset 18446744073709551584", ImageBuilder.Header(3, 1, 0).Tensor("t", F32, ulong.MaxValue - 31, 1).Align().Raw(new byte[99]).Done() },
        { "m: tensor t needs 40 bytes from offset 0, but the file holds 39 bytes of data", ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 0, 10).Align().Raw(new byte[39]).Done() },
        { "m: the file ends at byte 60, before the data of its 1 tensors", ImageBuilder.Header(3, 1, 0).Tensor("tttt", F32, 0, 1).Done() },
        { "m: the data of tensors t and u overlap", ImageBuilder.Header(3, 2, 0).Tensor("t", F32, 0, 9).Tensor("u", F32, 32, 1).Align().Raw(new byte[99]).Done() },
        { "m: the tensor t stands twice", ImageBuilder.Header(3, 2, 0).Tensor("t", F32, 0, 1).Tensor("t", F32, 32, 1).Align().Raw(new byte[99]).Done() },
        { "m: tensor 0 has no name", ImageBuilder.Header(3, 1, 0).Tensor("", F32, 0, 1).Align().Raw(new byte[99]).Done() },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_cannot_be_is_told_in_one_sentence(string beginning, byte[] image)
    {
        string message = Message(() => GgufFile.FromBytes(image, "m").Dispose());
        Assert.StartsWith(beginning, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_file_on_disk_is_mapped()
    {
        string path = Path.Combine(_folder, "m.gguf");
        File.WriteAllBytes(path, ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 0, 2).Align().F32(1).F32(7).Done());
        using (GgufFile file = GgufFile.Open(path)) Assert.Equal(7f, BinaryPrimitives.ReadSingleLittleEndian(file.Find("t")!.Bytes(4, 4)));
        Assert.Equal($"{path}x: there is no such file", Message(() => GgufFile.Open(path + "x")));
        Assert.Equal($"{_folder}: this is a directory; name a file in it", Message(() => GgufFile.Open(_folder)));
        File.WriteAllBytes(path, []);
        Assert.Equal($"{path}: the file is empty or no ordinary file; a GGUF model is expected", Message(() => GgufFile.Open(path)));
    }

    [Fact]
    public void A_closed_file_gives_no_bytes()
    {
        GgufFile file = GgufFile.FromBytes(ImageBuilder.Header(3, 1, 0).Tensor("t", F32, 0, 2).Align().F32(1).F32(7).Done(), "m");
        GgufTensor tensor = file.Find("t")!;
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.Bytes(0, 4).Length);
    }

    [Fact]
    public void The_parts_of_a_split_model_are_one_file()
    {
        string[] paths = [.. Enumerable.Range(0, 3).Select(i => Path.Combine(_folder, $"big-0000{i + 1}-of-00003.gguf"))];
        for (int i = 0; i < 3; i++) File.WriteAllBytes(paths[i], Part(i));
        using (GgufFile file = GgufFile.Open(paths[0]))
        {
            Assert.Equal(3, file.Parts);
            Assert.Equal(["t0", "t1", "t2"], file.Tensors.Select(tensor => tensor.Name));
            Assert.Equal(2f, BinaryPrimitives.ReadSingleLittleEndian(file.Find("t2")!.Bytes(0, 4)));
        }
        Assert.Equal($"{paths[1]}: this is part 2 of 3 of a split model; name the first part, {paths[0]}", Message(() => GgufFile.Open(paths[1])));
        File.WriteAllBytes(paths[2], Part(1));
        Assert.StartsWith($"{paths[2]}: the file does not say that it is part 3 of 3", Message(() => GgufFile.Open(paths[0])), StringComparison.Ordinal);
        File.Delete(paths[2]);
        Assert.Equal($"{paths[2]}: part 3 of 3 of the model is missing; put all parts into one folder", Message(() => GgufFile.Open(paths[0])));
        string renamed = Path.Combine(_folder, "other.gguf");
        File.Copy(paths[0], renamed);
        Assert.Contains("its name does not end in -00001-of-00003.gguf", Message(() => GgufFile.Open(renamed)), StringComparison.Ordinal);
        Assert.Contains("this is one part of a split model", Message(() => GgufFile.FromBytes(Part(0), "m")), StringComparison.Ordinal);
    }

    private static byte[] Part(int number) =>
        ImageBuilder.Header(3, 1, 2).Key("split.no", 2).U16((ushort)number).Key("split.count", 2).U16(3).Tensor($"t{number}", F32, 0, 1).Align().F32(number).Done();

    private static byte[] Nested(int depth)
    {
        ImageBuilder image = ImageBuilder.Header(3, 0, 1).Key("k", 9);
        for (int i = 0; i < depth; i++) image.U32(9).U64(1);
        return image.U32(0).U64(0).Done();
    }

    private static string Message(Action action) => Assert.Throws<InputException>(action).Message;

    private static string Message(Func<object?> action) => Assert.Throws<InputException>(() => _ = action()).Message;
}
