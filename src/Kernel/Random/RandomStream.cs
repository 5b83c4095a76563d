using System.Numerics;

namespace Orrery.Kernel.Random;

/// <summary>
/// A named, splittable stream of random numbers. The stream of a name is a pure function of (root seed, path of names), so adding a
/// policy that draws from its own stream never changes the traffic that others see.
/// </summary>
/// <remarks>
/// Generator: xoshiro256** (Blackman and Vigna 2021), seeded by SplitMix64 over the 64-bit key of the stream; keys of children are the
/// FNV-1a hash of the name mixed into the parent's key. One class, not a struct: a copied stream would silently repeat numbers.
/// </remarks>
public sealed class RandomStream
{
    private readonly ulong _key;
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    private RandomStream(ulong key)
    {
        _key = key;
        ulong state = key;
        _s0 = SplitMix(ref state);
        _s1 = SplitMix(ref state);
        _s2 = SplitMix(ref state);
        _s3 = SplitMix(ref state);
    }

    /// <summary>The root of all streams of one run.</summary>
    public static RandomStream Root(ulong seed) => new(Mix(seed ^ 0x9E3779B97F4A7C15UL));

    /// <summary>The child stream of a name. Independent of how many numbers this stream has produced.</summary>
    public RandomStream Split(string name)
    {
        ulong hash = 0xCBF29CE484222325UL;
        foreach (char c in name) hash = (hash ^ c) * 0x100000001B3UL;
        return new(Mix(_key ^ Mix(hash)));
    }

    /// <summary>The child stream of a number, for families such as one stream per client.</summary>
    public RandomStream Split(long index) => new(Mix(_key ^ Mix(unchecked((ulong)index) + 0xD1B54A32D192ED03UL)));

    /// <summary>A value that depends only on (this stream's name, a, b): noise keyed by what it belongs to, never by draw order.</summary>
    public double Keyed(long a, long b) => ToUnit(Mix(Mix(_key ^ Mix(unchecked((ulong)a))) + unchecked((ulong)b)));

    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => ToUnit(NextUInt64());

    /// <summary>Uniform in (0, 1]: safe under a logarithm.</summary>
    public double NextPositive() => 1.0 - NextDouble();

    /// <summary>Uniform integer in [0, <paramref name="exclusive"/>), without modulo bias.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exclusive"/> is not positive.</exception>
    public int NextInt(int exclusive)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusive);
        // Lemire's multiply-and-reject.
        uint range = (uint)exclusive;
        ulong product = (NextUInt64() >> 32) * range;
        uint low = (uint)product;
        if (low < range)
        {
            uint threshold = unchecked(0u - range) % range;
            while (low < threshold)
            {
                product = (NextUInt64() >> 32) * range;
                low = (uint)product;
            }
        }
        return (int)(product >> 32);
    }

    private static double ToUnit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15UL;
        return Mix(state);
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
