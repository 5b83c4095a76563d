using Orrery.Kernel.Time;
using Orrery.World.Profiles;

namespace Orrery.World.Cost;

/// <summary>
/// Times of decode attention at a fixed number of sequences over their context, ready for steps: knots at four contexts per octave, found
/// from the bits of the number, and straight lines between them. A power law between knots is met within 0.2 %, knots exactly.
/// </summary>
internal sealed class DecodeKnots(DecodeAttentionEfficiency family, AttentionSite site)
{
    /// <summary>Bits of the fraction that choose a knot within an octave.</summary>
    private const int FractionBits = 2;
    private const int Shift = 52 - FractionBits;

    /// <summary>Contexts from 1 to 2^24: longer than any model reads.</summary>
    private const int Octaves = 24;
    private const int Knots = (Octaves << FractionBits) + 1;

    /// <summary>Bits of 1.0, shifted: the first knot.</summary>
    private const long First = 1023L << FractionBits;

    /// <summary>Batches that are kept; beyond them knots are made each time.</summary>
    private const int MostSequences = 1 << 13;

    private double[][] _bySequences = [];

    /// <summary>Nanoseconds at each knot for so many sequences.</summary>
    public double[] Of(long sequences)
    {
        if (sequences >= MostSequences) return Make(sequences);
        if (sequences >= _bySequences.Length) Array.Resize(ref _bySequences, (int)Math.Min(MostSequences, Math.Max(2 * sequences, 64)));
        return _bySequences[sequences] ??= Make(sequences);
    }

    /// <summary>Nanoseconds at a context of at least one token.</summary>
    public static double At(double[] knots, double context)
    {
        if (context < 1) context = 1;
        long bits = BitConverter.DoubleToInt64Bits(context);
        int index = (int)((bits >> Shift) - First);
        if (index >= Knots - 1) return knots[^1] * context / Context(Knots - 1);
        double low = BitConverter.Int64BitsToDouble(bits >> Shift << Shift);
        double high = BitConverter.Int64BitsToDouble(((bits >> Shift) + 1) << Shift);
        return knots[index] + ((knots[index + 1] - knots[index]) * ((context - low) / (high - low)));
    }

    private static double Context(int index) => BitConverter.Int64BitsToDouble((index + First) << Shift);

    private double[] Make(long sequences)
    {
        var knots = new double[Knots];
        for (int i = 0; i < Knots; i++) knots[i] = family.Seconds(site, sequences, Context(i)) * Duration.NanosecondsPerSecond;
        return knots;
    }
}
