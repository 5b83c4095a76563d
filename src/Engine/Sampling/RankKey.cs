namespace Orrery.Engine.Sampling;

/// <summary>A score and its index as one integer that sorts by falling score, then by rising index.</summary>
internal static class RankKey
{
    private const uint Sign = 0x8000_0000u;

    public static ulong Of(float score, int index)
    {
        // Adding zero makes one zero of both, as the comparison of scores sees them.
        uint bits = BitConverter.SingleToUInt32Bits(score + 0f);
        uint rising = (bits & Sign) != 0 ? ~bits : bits | Sign;
        return ((ulong)~rising << 32) | (uint)index;
    }

    public static int IndexOf(ulong key) => (int)(uint)key;
}
