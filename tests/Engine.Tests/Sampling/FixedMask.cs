using Orrery.Engine.Sampling;

namespace Orrery.Engine.Tests.Sampling;

/// <summary>Allows the same tokens everywhere.</summary>
internal sealed class FixedMask(int[] allowed) : ITokenMask
{
    public bool IsComplete => false;

    public void Allowed(Span<ulong> bits)
    {
        foreach (int token in allowed) bits[token / 64] |= 1UL << (token % 64);
    }

    public bool TryAccept(int token) => allowed.Contains(token);

    public ITokenMask Clone() => this;
}
