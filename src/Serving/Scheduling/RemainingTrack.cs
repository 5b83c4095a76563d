using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>
/// What a policy believes is left of one sequence: the first prediction counted down, and from the first token on a look every so many
/// tokens where something looks. Looks that were skipped by steps run ahead are taken later, in order, so nothing differs.
/// </summary>
/// <param name="every">Tokens between looks; 0 for none.</param>
public sealed class RemainingTrack(Sequence sequence, int every)
{
    private readonly bool _looks = every > 0 && sequence.Remaining is not null;
    private double _estimate = FirstOf(sequence);
    private int _lookedAt;

    /// <summary>First prediction of the whole output, tokens; the sequence's limit when nothing was predicted or more was.</summary>
    public double First { get; } = FirstOf(sequence);

    /// <summary>Tokens until <see cref="Now"/> may rise; at least 1 after a call of it.</summary>
    public int TokensToNextLook => _looks ? NextLook - sequence.GeneratedTokens : int.MaxValue;

    /// <summary>A sequence that comes from elsewhere is looked at as it comes.</summary>
    private readonly int _firstLook = Math.Max(1, sequence.GeneratedTokens);

    private int NextLook => _lookedAt == 0 ? _firstLook : _lookedAt + every;

    /// <summary>Estimated remaining tokens, at least 1.</summary>
    public double Now()
    {
        while (_looks && NextLook <= sequence.GeneratedTokens)
        {
            _lookedAt = NextLook;
            _estimate = sequence.Remaining!.Look(_lookedAt);
        }
        return Math.Max(1, _estimate - (sequence.GeneratedTokens - _lookedAt));
    }

    private static int FirstOf(Sequence sequence) =>
        sequence.PredictedOutputTokens > 0 ? Math.Min(sequence.PredictedOutputTokens, sequence.MaxTokens) : sequence.MaxTokens;
}
