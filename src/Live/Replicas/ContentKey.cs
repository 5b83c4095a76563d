using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Orrery.Engine.Attention;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Replicas;

/// <summary>Names blocks of tokens by a keyed hash, so that equal names mean equal tokens and nobody outside can make two blocks share a name.</summary>
/// <remarks>
/// SipHash-2-4 (Aumasson and Bernstein, INDOCRYPT 2012, b): 64 bits under a secret key of 128. Without the key a client could look for prompts
/// whose blocks collide with those of others and read their KV; with it two of a billion cached blocks collide with a probability below 3 %
/// (n² / 2⁶⁵), and nobody can choose which.
/// </remarks>
public sealed class ContentKey
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 16;

    private readonly ulong _first;
    private readonly ulong _second;

    /// <param name="key">Of <see cref="KeyBytes"/> bytes; a secret outside of tests.</param>
    public ContentKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes) throw new ArgumentException($"the key has {key.Length} bytes, not {KeyBytes}", nameof(key));
        _first = BinaryPrimitives.ReadUInt64LittleEndian(key);
        _second = BinaryPrimitives.ReadUInt64LittleEndian(key[sizeof(ulong)..]);
    }

    /// <summary>A key that nobody knows.</summary>
    public static ContentKey Secret() => new(RandomNumberGenerator.GetBytes(KeyBytes));

    /// <summary>The names of a prompt's full pages, in order; null when it fills none.</summary>
    public TokenSpan[]? Name(ReadOnlySpan<int> tokens)
    {
        int pages = tokens.Length / KvStore.PageTokens;
        if (pages == 0) return null;
        var spans = new TokenSpan[pages];
        for (int i = 0; i < pages; i++)
        {
            ReadOnlySpan<int> page = tokens.Slice(i * KvStore.PageTokens, KvStore.PageTokens);
            spans[i] = new(Hash(MemoryMarshal.AsBytes(page)), KvStore.PageTokens);
        }
        return spans;
    }

    /// <summary>SipHash-2-4 of a message.</summary>
    internal ulong Hash(ReadOnlySpan<byte> message)
    {
        ulong a = _first ^ 0x736F6D6570736575UL;
        ulong b = _second ^ 0x646F72616E646F6DUL;
        ulong c = _first ^ 0x6C7967656E657261UL;
        ulong d = _second ^ 0x7465646279746573UL;
        ulong last = (ulong)message.Length << 56;
        for (; message.Length >= sizeof(ulong); message = message[sizeof(ulong)..])
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(message);
            d ^= word;
            Round(ref a, ref b, ref c, ref d);
            Round(ref a, ref b, ref c, ref d);
            a ^= word;
        }
        for (int i = 0; i < message.Length; i++) last |= (ulong)message[i] << (8 * i);
        d ^= last;
        Round(ref a, ref b, ref c, ref d);
        Round(ref a, ref b, ref c, ref d);
        a ^= last;
        c ^= 0xFF;
        for (int i = 0; i < 4; i++) Round(ref a, ref b, ref c, ref d);
        return a ^ b ^ c ^ d;
    }

    private static void Round(ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        a += b;
        c += d;
        b = BitOperations.RotateLeft(b, 13) ^ a;
        d = BitOperations.RotateLeft(d, 16) ^ c;
        a = BitOperations.RotateLeft(a, 32);
        c += b;
        a += d;
        b = BitOperations.RotateLeft(b, 17) ^ c;
        d = BitOperations.RotateLeft(d, 21) ^ a;
        c = BitOperations.RotateLeft(c, 32);
    }
}
