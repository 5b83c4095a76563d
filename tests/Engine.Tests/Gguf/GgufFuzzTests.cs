using System.Buffers.Binary;
using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Kernel;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Gguf;

/// <summary>Damaged images open cleanly or end in an <see cref="InputException"/>, whatever is then read from them; each failure names its seed.</summary>
public sealed class GgufFuzzTests
{
    private const int Mutants = 6000;

    /// <summary>No damaged image of a few kilobytes may make the reader ask for more than this.</summary>
    private const long AllowedAllocationBytes = 4 << 20;

    private static readonly byte[] Image = Small();

    /// <summary>Numbers on which arithmetic goes wrong.</summary>
    private static readonly ulong[] Nasty =
    [
        0, 1, 2, 3, 31, 32, 255, 1 << 16, int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32, 1UL << 60, 1UL << 61, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue,
    ];

    [Fact]
    public void The_whole_image_is_sound() => ReadAll(Image);

    [Fact]
    public void Every_truncation_is_told()
    {
        // The last tensor ends where the data end; padding after it may be missing.
        for (int length = 0; length < Image.Length; length++) Check(Image[..length], $"length {length}");
    }

    [Fact]
    public void Mutants_never_do_anything_else()
    {
        for (int seed = 0; seed < Mutants; seed++)
        {
            byte[] image = (byte[])Image.Clone();
            RandomStream random = RandomStream.Root((ulong)seed);
            int changes = 1 + random.NextInt(4);
            for (int i = 0; i < changes; i++) Mutate(image, random);
            if (random.NextInt(4) == 0) image = image[..random.NextInt(image.Length + 1)];
            Check(image, $"seed {seed}");
        }
    }

    [Fact]
    public void Random_bytes_after_the_header_are_told()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            byte[] image = ImageBuilder.Header(3, (ulong)random.NextInt(3), (ulong)random.NextInt(4)).Done();
            byte[] rest = new byte[random.NextInt(400)];
            for (int i = 0; i < rest.Length; i++) rest[i] = (byte)(random.NextInt(3) == 0 ? random.NextInt(256) : 0);
            Check([.. image, .. rest], $"seed {seed}");
        }
    }

    private static void Mutate(byte[] image, RandomStream random)
    {
        // Most of the image is data of tensors, where nothing can go wrong; the head is the target.
        int at = random.NextInt(random.NextInt(8) == 0 ? image.Length : Math.Min(image.Length, 1100));
        switch (random.NextInt(4))
        {
            case 0:
                image[at] = (byte)random.NextInt(256);
                break;
            case 1:
                image[at] ^= (byte)(1 << random.NextInt(8));
                break;
            case 2 when at + 8 <= image.Length:
                BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(at), Nasty[random.NextInt(Nasty.Length)]);
                break;
            case 3 when at + 4 <= image.Length:
                BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), (uint)Nasty[random.NextInt(Nasty.Length)]);
                break;
        }
    }

    private static void Check(byte[] image, string which)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            ReadAll(image);
        }
        catch (InputException told)
        {
            Assert.DoesNotContain('\n', told.Message);
        }
        catch (Exception other)
        {
            Assert.Fail($"{which}: {other}");
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < AllowedAllocationBytes, $"{which}: {allocated} bytes allocated");
    }

    private static void ReadAll(byte[] image)
    {
        using GgufFile file = GgufFile.FromBytes(image, "fuzz");
        foreach (GgufTensor tensor in file.Tensors)
            if (tensor.IsSupported) tensor.ToSingles();
        foreach (string key in file.Metadata.Keys) ReadValue(file.Metadata, key);
        file.RequireSupported();
    }

    private static void ReadValue(GgufMetadata values, string key)
    {
        Action[] getters = [() => values.Describe(key), () => values.Text(key), () => values.Integer(key), () => values.Number(key), () => values.Flag(key),
            () => values.Texts(key), () => values.Numbers(key), () => values.Integers(key), () => values.Flags(key)];
        foreach (Action get in getters)
        {
            try
            {
                get();
            }
            catch (InputException)
            {
                // Eight of the nine have the wrong type.
            }
        }
    }

    private static byte[] Small()
    {
        var writer = new GgufWriter();
        writer.Set("general.architecture", "llama").Set("general.alignment", 32u).Set("llama.block_count", 2u).Set("llama.rope.freq_base", 10000f)
            .Set("tokenizer.ggml.tokens", ["<unk>", "<s>", "</s>", "a", "b"]).Set("tokenizer.ggml.scores", (float[])[0, 0, 0, -1, -2])
            .Set("tokenizer.ggml.token_type", (int[])[2, 3, 3, 1, 1]).Set("flag", true).Set("big", 1UL << 40).Set("flags", (bool[])[true, false]);
        foreach (TensorType type in TensorTypes.All)
            writer.AddTensor($"t.{type}", type, type.BlockElements() == 1 ? [5, 2] : [type.BlockElements(), 2], stream =>
                stream.Write(new byte[type.BlockElements() == 1 ? type.BlockBytes() * 10 : type.BlockBytes() * 2]));
        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }
}
