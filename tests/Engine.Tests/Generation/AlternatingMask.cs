using Orrery.Engine.Sampling;

namespace Orrery.Engine.Tests.Generation;

/// <summary>A grammar of even and odd tokens in turn, so many of them, then the end.</summary>
internal sealed class AlternatingMask(int length, int end, int at = 0) : ITokenMask
{
    private int _at = at;

    public bool IsComplete => _at == length;

    public void Allowed(Span<ulong> bits)
    {
        Assert.True(bits.IndexOfAnyExcept(0UL) < 0);
        if (IsComplete)
        {
            bits[0] = 1UL << end;
            return;
        }
        for (int token = 0; token < 8; token++)
        {
            if (token != end && token % 2 == _at % 2) bits[0] |= 1UL << token;
        }
    }

    public bool TryAccept(int token)
    {
        if (IsComplete || token == end || token % 2 != _at % 2) return false;
        _at++;
        return true;
    }

    public ITokenMask Clone() => new AlternatingMask(length, end, _at);
}
